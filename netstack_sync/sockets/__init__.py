"""A stream of bytes to somebody: TCP and TLS with one interface."""
