"""The network thread: one pump, one task queue, timers, completions."""
