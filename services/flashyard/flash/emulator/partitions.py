"""The partition table of an emulated device, slots and logical partitions included.

Knows names and sizes, never content.
"""

from __future__ import annotations

from collections.abc import Iterator

from flashyard.flash.emulator.profile import PARTITION_NAME, Profile
from flashyard.flash.emulator.reply import RefusedError

SLOT_LETTERS = ("a", "b")
SUPER = "super"

_NEVER_SLOTTED = frozenset({"userdata", "metadata", "misc", "cache", "persist", "frp", "super"})
_FILE_SYSTEMS = frozenset({"userdata"})


class Partitions:
    """Sizes by full name; a bare name of a slotted partition means the current slot's.

    Attributes:
        mapped: are the logical ones to be seen? A bootloader knows nothing of what is in `super`.
    """

    def __init__(self, profile: Profile) -> None:
        self._sizes: dict[str, int] = {}
        self._logical: set[str] = set()
        self._room = profile.room_in_super
        self.mapped = not profile.is_dynamic
        physical = dict(profile.partitions)
        if profile.is_dynamic:
            physical[SUPER] = profile.room_in_super
        for name in profile.logical:
            physical.pop(name, None)
        for name, size in physical.items():
            self._sizes |= dict.fromkeys(_full(name, profile.slots), size)
        for name, size in profile.logical.items():
            first, *second = _full(name, profile.slots)
            self._sizes |= {first: size, **dict.fromkeys(second, 0)}
            self._logical |= {first, *second}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(name for name in self._sizes if self._is_there(name)))

    def _is_there(self, full: str) -> bool:
        return full in self._sizes and (self.mapped or full not in self._logical)

    def resolve(self, name: str, slot: str | None, *, anywhere: bool = False) -> str:
        """Find the full name.

        Args:
            name: as the host gave it, full or bare.
            slot: the current slot's letter; None on a device without slots.
            anywhere: also where it is not to be seen.

        Raises:
            RefusedError: there is no such partition.
        """
        for full in (name, f"{name}_{slot}"):
            if self._is_there(full) or (anywhere and full in self._sizes):
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
        if self._is_there(f"{name}_a"):
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
        """Whether it lives in `super`."""
        return full in self._logical

    def create(self, name: str, size: int) -> None:
        """Add a logical partition.

        Raises:
            RefusedError: a bad or taken name, or no room left.
        """
        self._require_mapped()
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

    def empty(self) -> list[str]:
        """Give every logical partition the size 0; name them."""
        self._sizes |= dict.fromkeys(self._logical, 0)
        return sorted(self._logical)

    def _require_mapped(self) -> None:
        if not self.mapped:
            raise RefusedError("logical partitions are for fastbootd")

    def _require_logical(self, name: str) -> None:
        self._require_mapped()
        if name not in self._logical:
            raise RefusedError(f"no such logical partition: {name}")

    def _require_room(self, more: int) -> None:
        if sum(self._sizes[name] for name in self._logical) + more > self._room:
            raise RefusedError("not enough space in super")


def _full(name: str, slots: int) -> tuple[str, ...]:
    if slots and name not in _NEVER_SLOTTED and _bare(name) == name:
        return tuple(f"{name}_{letter}" for letter in SLOT_LETTERS)
    return (name,)


def _bare(name: str) -> str:
    return name[:-2] if name.endswith(("_a", "_b")) else name
