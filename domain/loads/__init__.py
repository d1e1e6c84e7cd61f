"""Runs of the loader: what was asked for, done, mapped and deleted, and how it ended."""
