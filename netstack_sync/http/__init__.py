"""One HTTP exchange over the network."""
