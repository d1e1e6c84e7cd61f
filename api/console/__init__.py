"""Pages for people: what a guild has set, as forms, with history."""
