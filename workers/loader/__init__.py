"""Runs loads: a guild of a backup or template is made anew in another guild, here or at Discord."""
