"""Removable block devices: which there are, which may be written, and the writing."""
