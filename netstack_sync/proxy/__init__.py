"""Which way out: directly, or through whom."""
