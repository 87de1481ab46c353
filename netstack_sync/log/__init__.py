"""NetLog: what happened, in order, and cheap when nobody listens."""
