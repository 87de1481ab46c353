"""The regression guard: what a request costs in bytecodes, Python calls and system calls, against a budget."""
