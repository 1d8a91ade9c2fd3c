"""Factory images: what the files of a bundle say is to be written, in which order, to what."""
