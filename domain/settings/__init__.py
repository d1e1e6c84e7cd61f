"""Settings of guilds: what may be set is data that bots register, and every row of it has its history."""
