"""Sans-I/O formats: bytes in, values out; no socket, no loop, no clock."""
