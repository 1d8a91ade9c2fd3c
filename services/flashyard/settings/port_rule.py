"""Which USB stations are meant, and what people call them, as people write it: `GLOB[=NAME]`."""

from __future__ import annotations

from typing import NamedTuple


class PortRule(NamedTuple):
    """One `GLOB[=NAME]`: stations that are ours; ``name`` is empty where they keep their own."""

    glob: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.glob}={self.name}" if self.name else self.glob

    @classmethod
    def parse(cls, text: str) -> PortRule:
        """Read `GLOB[=NAME]`.

        Raises:
            ValueError: there is no glob, or an empty name.
        """
        glob, equals, name = (part.strip() for part in text.partition("="))
        if not glob or (equals and not name):
            raise ValueError(f"{text!r} is not GLOB[=NAME].")
        return cls(glob, name)
