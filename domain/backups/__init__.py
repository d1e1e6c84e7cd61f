"""Backups of guilds: which guild, as of which position of the log."""
