"""What is known of the network outside: when it changes, and how good it is."""
