"""Templates of guilds that everybody may load, and the bots that can restore their settings afterwards."""
