"""The loader against guilds of ours and of a Discord that is not one."""
