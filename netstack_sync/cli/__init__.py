"""The command line: `netstack fetch` and `netstack demo`."""
