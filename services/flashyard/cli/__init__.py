"""The command line: everything a person with a terminal can ask.

stdout is data, stderr is talk. What a command needs is imported when it is asked for.
"""

from flashyard.cli.app import main

__all__ = ["main"]
