"""Code that may block: runs on worker threads, takes plain values, returns plain values, sees no socket."""
