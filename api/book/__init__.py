"""What bots and operators feed the book with, and what is asked of it that no other surface asks."""
