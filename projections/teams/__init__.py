"""Teams as they are now."""
