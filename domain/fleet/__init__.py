"""What bots say of themselves: their shards, and the commands that they offer."""
