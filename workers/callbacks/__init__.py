"""Tells apps what happened: the bodies, the outbox that holds them, and the sender."""
