"""How the tables came to be: one revision a file, applied in order when a bridge starts."""
