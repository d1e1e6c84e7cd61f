"""The log itself: appending, reading, subscribing, the keys of sealed fields, and the database it lives in."""
