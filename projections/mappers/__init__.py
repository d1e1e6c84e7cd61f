"""What the objects of one guild have become in another, by all loads that ended."""
