"""The latest report of each bot."""
