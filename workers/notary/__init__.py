"""Keeps the Merkle tree over the log and signs checkpoints of it."""
