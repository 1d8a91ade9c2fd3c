"""The partition table of an emulated device, slots and logical partitions included.

Knows names and sizes, never content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flashyard.flash.emulator.profile import GIB, PARTITION_NAME
from flashyard.flash.emulator.reply import RefusedError

SLOT_LETTERS = ("a", "b")
SUPER_SIZE = 16 * GIB
"""Bytes all logical partitions share."""

_NEVER_SLOTTED = frozenset({"userdata", "metadata", "misc", "cache", "persist", "frp", "super"})
_FILE_SYSTEMS = frozenset({"userdata"})


class Partitions:
    """Sizes by full name; a bare name of a slotted partition means the current slot's."""

    def __init__(self, sizes: Mapping[str, int], slots: int) -> None:
        self._sizes: dict[str, int] = {}
        self._logical: set[str] = set()
        for name, size in sizes.items():
            if slots and name not in _NEVER_SLOTTED and _bare(name) == name:
                self._sizes |= {f"{name}_{letter}": size for letter in SLOT_LETTERS}
            else:
                self._sizes[name] = size

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._sizes))

    def resolve(self, name: str, slot: str | None) -> str:
        """Find the full name.

        Args:
            name: as the host gave it, full or bare.
            slot: the current slot's letter; None on a device without slots.

        Raises:
            RefusedError: there is no such partition.
        """
        for full in (name, f"{name}_{slot}"):
            if full in self._sizes:
                return full
        raise RefusedError(f"no such partition: {name}")

    def size(self, full: str) -> int:
        """Bytes a partition holds."""
        return self._sizes[full]

    def has_slot(self, name: str) -> bool:
        """Whether there is one per slot.

        Raises:
            RefusedError: there is no such partition.
        """
        if f"{name}_a" in self._sizes:
            return True
        self.resolve(name, None)
        return False

    def bare_names(self) -> list[str]:
        """Every name once, without the slots."""
        return sorted({_bare(full) if f"{_bare(full)}_a" in self._sizes else full for full in self})

    def kind(self, full: str) -> str:
        """What `getvar:partition-type` answers."""
        return "ext4" if _bare(full) in _FILE_SYSTEMS else "raw"

    def is_logical(self, full: str) -> bool:
        """Whether it was made by create-logical-partition."""
        return full in self._logical

    def create(self, name: str, size: int) -> None:
        """Add a logical partition.

        Raises:
            RefusedError: a bad or taken name, or no room left.
        """
        if not PARTITION_NAME.fullmatch(name):
            raise RefusedError("bad partition name")
        if name in self._sizes:
            raise RefusedError(f"partition exists: {name}")
        self._require_room(size)
        self._sizes[name] = size
        self._logical.add(name)

    def delete(self, name: str) -> None:
        """Remove a logical partition.

        Raises:
            RefusedError: there is no such logical partition.
        """
        self._require_logical(name)
        self._logical.remove(name)
        del self._sizes[name]

    def resize(self, name: str, size: int) -> None:
        """Give a logical partition another size, 0 included.

        Raises:
            RefusedError: there is no such logical partition, or no room left.
        """
        self._require_logical(name)
        self._require_room(size - self._sizes[name])
        self._sizes[name] = size

    def _require_logical(self, name: str) -> None:
        if name not in self._logical:
            raise RefusedError(f"no such logical partition: {name}")

    def _require_room(self, more: int) -> None:
        if sum(self._sizes[name] for name in self._logical) + more > SUPER_SIZE:
            raise RefusedError("not enough space in super")


def _bare(name: str) -> str:
    return name[:-2] if name.endswith(("_a", "_b")) else name
