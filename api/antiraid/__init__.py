"""The AntiRaid surface: bot dashboards log in, look at their guilds and set what bots let them set."""
