"""Kafka: the log published to it, readers fed from it, and commands that come by it."""
