"""Load that goes on for minutes; left out unless asked for."""
