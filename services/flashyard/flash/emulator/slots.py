"""Which slot boots, and how each has fared: the A/B state of an emulated device.

Knows no partition. A device without slots refuses every question.
"""

from __future__ import annotations

from dataclasses import dataclass

from flashyard.flash.emulator.reply import RefusedError

_FRESH_RETRIES = 7


@dataclass(slots=True)
class Slot:
    """One slot's flags, as `slot-successful`, `slot-unbootable` and `slot-retry-count` tell."""

    successful: bool = False
    unbootable: bool = False
    retries: int = _FRESH_RETRIES


class Slots:
    """The slots of a device with 0 or 2 of them."""

    def __init__(self, count: int) -> None:
        self._slots = {letter: Slot() for letter in "ab"[:count]}
        self.current: str | None = "a" if count else None
        self.booted()

    def __len__(self) -> int:
        return len(self._slots)

    def __getitem__(self, letter: str) -> Slot:
        slot = self._slots.get(letter)
        if slot is None:
            raise RefusedError(f"no such slot: {letter}" if self._slots else "device has no slots")
        return slot

    def letters(self) -> list[str]:
        """The letters there are."""
        return list(self._slots)

    def activate(self, letter: str) -> None:
        """Boot from this slot from now on, its flags as good as new.

        Raises:
            RefusedError: there is no such slot.
        """
        _ = self[letter]
        self._slots[letter] = Slot()
        self.current = letter

    def tried(self) -> bool:
        """One try of the current slot came to nothing; False: it was the last one."""
        if self.current is None:
            return False
        slot = self._slots[self.current]
        slot.retries = max(slot.retries - 1, 0)
        return slot.retries > 0

    def failed(self, *, falls_back: bool = True) -> bool:
        """The operating system did not come up, whatever was tried; False: there are no slots.

        The other slot's does, if there is one that is bootable and the device ``falls_back``.
        """
        if self.current is None:
            return False
        self._slots[self.current] = Slot(unbootable=True, retries=0)
        bootable = [letter for letter, slot in self._slots.items() if not slot.unbootable]
        if falls_back and bootable:
            self.current = bootable[0]
            self.booted()
        return True

    def booted(self) -> None:
        """The operating system came up from the current slot and said so."""
        if self.current is not None:
            self._slots[self.current] = Slot(successful=True)
