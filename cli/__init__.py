"""The `guildbook` command, one module per group of commands."""
