"""Which stations are ours, and what people call them. What is not listed is left alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from flashyard.settings import PortRule

_WILD = re.compile(r"[*?\[]")


class PortPolicy:
    """The rules of a hub; the first that fits a station decides."""

    def __init__(self, rules: Sequence[PortRule]) -> None:
        self._rules = tuple(rules)

    def name(self, station: str) -> str | None:
        """Return what a station is called; None: it is not ours.

        A rule for many names each by its way through the hubs: `*-usb-0:1.*=Rack` has `Rack 1.4`.
        """
        for rule in self._rules:
            if fnmatchcase(station, rule.glob):
                if rule.name and _WILD.search(rule.glob):
                    return f"{rule.name} {station.rpartition(':')[2]}"
                return rule.name or station
        return None
