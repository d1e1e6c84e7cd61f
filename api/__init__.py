"""The HTTP process: one package per surface, on one domain and one log."""
