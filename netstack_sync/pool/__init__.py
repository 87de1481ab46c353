"""Who may have which socket, and when."""
