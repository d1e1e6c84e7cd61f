"""The log, its keys and its PostgreSQL."""
