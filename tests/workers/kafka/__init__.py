"""Tests of what the workers do with Kafka."""
