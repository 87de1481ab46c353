"""Plain values everybody speaks: errors, queues, URLs, headers, times; no I/O, no threads, no loop."""
