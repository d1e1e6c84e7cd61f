"""Every shape that crosses the process boundary: structs per surface, settings, and the documents made of them."""
