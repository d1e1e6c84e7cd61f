"""Accounts as they are now, and whether sign-ups are open."""
