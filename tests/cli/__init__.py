"""The `guildbook` command, as an operator calls it."""
