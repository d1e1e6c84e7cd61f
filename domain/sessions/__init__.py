"""A session is one way in for one account, until it ends or is closed."""
