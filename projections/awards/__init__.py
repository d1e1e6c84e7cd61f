"""Awards as they are now, and who holds them."""
