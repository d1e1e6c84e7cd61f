"""An account is one person, known by a Discord id or a generated snowflake."""
