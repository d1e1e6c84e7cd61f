"""Setting templates as they are now, and the rows of every setting of every guild."""
