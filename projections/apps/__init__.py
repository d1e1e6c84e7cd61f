"""Apps and their credentials as they are now."""
