"""The command line: everything a person with a terminal can ask."""
