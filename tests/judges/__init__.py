"""Real clients, unmodified, as judges of the surfaces."""
