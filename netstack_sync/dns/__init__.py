"""Names to addresses: local answers, a cache, and lookups that are shared."""
