"""The Polympics surface: accounts, teams, awards, callbacks, and who may log in."""
