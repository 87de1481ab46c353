"""A URL, from start to last redirect."""
