"""The rules, told as given events, when a command, then events: no database, milliseconds."""
