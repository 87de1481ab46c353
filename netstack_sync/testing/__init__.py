"""A real server for tests and demonstrations, with faults on demand."""
