"""Compressed image files: told by their first bytes, read once as a stream, in bounded memory."""
