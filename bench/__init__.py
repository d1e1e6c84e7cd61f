"""Measurements of Guildbook beside its peers, taken together on one machine by one command."""
