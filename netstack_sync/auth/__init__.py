"""HTTP authentication: challenges, the schemes that answer them, and what is remembered; knows nothing of sockets."""
