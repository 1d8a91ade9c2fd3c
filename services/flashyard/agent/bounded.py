"""A mapping that forgets its oldest entries, so that nothing a hub remembers grows for ever."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """At most ``size`` entries; setting a key again makes it the newest."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: dict[K, V] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __setitem__(self, key: K, value: V) -> None:
        self._entries.pop(key, None)
        self._entries[key] = value
        while len(self._entries) > self._size:
            del self._entries[next(iter(self._entries))]

    def get(self, key: K) -> V | None:
        """Return a value, or None where there is none or it was forgotten."""
        return self._entries.get(key)

    def values(self) -> Iterable[V]:
        """All values, oldest first."""
        return self._entries.values()

    def pop(self, key: K) -> V | None:
        """Forget an entry, and return it; None: there was none."""
        return self._entries.pop(key, None)
