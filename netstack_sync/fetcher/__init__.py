"""The blocking front door."""
