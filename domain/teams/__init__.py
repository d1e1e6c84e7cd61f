"""A team is a named group that accounts join."""
