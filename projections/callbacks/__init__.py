"""Callbacks as they are now."""
