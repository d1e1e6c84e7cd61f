"""Sessions that are open."""
