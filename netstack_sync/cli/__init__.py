"""The command line: `netstack` and its commands."""
