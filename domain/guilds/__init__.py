"""A guild is a community with roles, channels and members, as its bots report it or as it was made here."""
