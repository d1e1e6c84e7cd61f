"""A callback is an app's subscription to one kind of event."""
