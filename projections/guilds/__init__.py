"""Guilds as they are now: their roles, channels, members and bans."""
