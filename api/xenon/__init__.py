"""The Xenon surface: bots follow loads, learn what ids have become, and say that they can restore their settings."""
