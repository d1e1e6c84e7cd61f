"""The rules of settings: what may be defined, what a row may hold, and who may write it."""
