"""Which templates of guilds there are, how often they were loaded, and which bots can restore settings after them."""
