"""An emulated device's state: mode, slots, partitions, and what hosts made it do.

Knows neither the command grammar nor a transport. Hold its lock to ask or change anything.
"""

from __future__ import annotations

from collections import Counter, deque
from enum import StrEnum
from threading import Lock, RLock

from flashyard.flash.emulator.command import STARTS, WORDS, Command
from flashyard.flash.emulator.media import Media
from flashyard.flash.emulator.mischief import BOOT, Kind, Mishaps
from flashyard.flash.emulator.partitions import SUPER, Partitions
from flashyard.flash.emulator.profile import Profile
from flashyard.flash.emulator.reply import RefusedError
from flashyard.flash.emulator.slots import Slots
from flashyard.flash.emulator.staged import Staged

MAX_FETCH = 256 << 20
"""Bytes; what AOSP's fastbootd allows."""

_BATTERY_OK_MV = 3600
_REMEMBERED_COMMANDS = 1000


class Mode(StrEnum):
    """Which of a device's two fastboot programs is running."""

    BOOTLOADER = "bootloader"
    USERSPACE = "userspace"


class Device:
    """One device. It outlives connections and reboots; its state ends with the process.

    Attributes:
        commands: the last thousand commands, as they came.
        counts: how often each command word of the protocol came.
        received: bytes of data phases, in all.
        boots: how often it was restarted.
        is_dead: does it not come back from its last restart?
    """

    def __init__(self, profile: Profile, media: Media) -> None:
        self.profile = profile
        self.media = media
        self.lock = RLock()
        self.mode = Mode.BOOTLOADER
        self.slots = Slots(profile.slots)
        self.partitions = Partitions(profile)
        self.mishaps = Mishaps(profile.faults)
        self.commands: deque[str] = deque(maxlen=_REMEMBERED_COMMANDS)
        self.counts: Counter[str] = Counter()
        self.received = 0
        self._receipt_lock = Lock()  # not the other one, which a long flash may hold
        self.boots = 0
        self.is_dead = False

    def note(self, command: Command) -> None:
        """Remember that a host sent a command."""
        with self.lock:
            self.commands.append(str(command))
            self.counts[command.word if command.word in WORDS else "unknown"] += 1

    def add_received(self, count: int) -> None:
        """Count bytes of a data phase."""
        with self._receipt_lock:
            self.received += count

    @property
    def max_download_size(self) -> int:
        """Bytes one download may carry, in the mode it is in."""
        in_userspace = self.profile.userspace_download if self.mode is Mode.USERSPACE else None
        return in_userspace or self.profile.max_download_size

    def boot(self, *, after: str) -> None:
        """Come up again after one of the commands that restart.

        `reboot-fastboot` leads to fastbootd; all others, those that a real device would not come
        back from included, lead to the bootloader, as if somebody held the right keys. `reboot`
        and `continue` start the operating system first.
        """
        self.mode = Mode.USERSPACE if after == "reboot-fastboot" else Mode.BOOTLOADER
        if self.profile.is_dynamic:
            self.partitions.mapped = self.mode is Mode.USERSPACE
        self.boots += 1
        if after in STARTS:
            self._start_system()

    def _start_system(self) -> None:
        """Start the operating system from the current slot, or fall back to the other one."""
        every = self.mishaps.due(BOOT)
        of_slot = self.mishaps.due(f"{BOOT}-{self.slots.current}") if self.slots.current else None
        mishap = every or of_slot
        if mishap is None:
            self.slots.booted()
        elif mishap.kind is Kind.SILENCE:
            self.is_dead = True
        elif mishap.kind is not Kind.HANG or not self.slots.tried():
            self.is_dead = not self.slots.failed(falls_back=mishap.kind is not Kind.STAY)

    def stage(self) -> Staged:
        """Open the place for one download.

        Raises:
            RefusedError: there is nowhere to keep it.
        """
        staged = self.media.stage()
        try:
            staged.open()
        except OSError as error:
            raise RefusedError(f"cannot store the download: {error.strerror}") from error
        return staged

    def partition(self, name: str) -> str:
        """The full name of a partition given by its full or bare name.

        Raises:
            RefusedError: there is no such partition.
        """
        return self.partitions.resolve(name, self.slots.current)

    def current_slot(self) -> str:
        """The letter of the slot that boots.

        Raises:
            RefusedError: the device has no slots.
        """
        if self.slots.current is None:
            raise RefusedError("device has no slots")
        return self.slots.current

    def battery_ok(self) -> bool:
        """Whether there is charge enough to flash, as the device sees it."""
        return self.profile.battery_mv >= _BATTERY_OK_MV

    def admit(self, name: str, staged: Staged) -> str:
        """Check that a download may be written to a partition; give its full name.

        Raises:
            RefusedError: locked, unknown, not stored, damaged, or too large.
        """
        self.require_unlocked()
        full = self.partition(name)
        if staged.trouble is not None:
            raise RefusedError(f"the download could not be stored: {staged.trouble}")
        if staged.weight.damage is not None:
            raise RefusedError(f"invalid sparse image: {staged.weight.damage}")
        if staged.weight.expanded_size > self.partitions.size(full):
            raise RefusedError(f"image larger than partition {full}")
        return full

    def write(self, full: str, staged: Staged) -> None:
        """Write an admitted download to a partition.

        Raises:
            RefusedError: the disk failed.
        """
        try:
            self.media.flash(full, staged)
        except OSError as error:
            raise RefusedError(f"cannot write {full}: {error.strerror}") from error

    def max_fetch_size(self) -> int:
        """The most bytes that may be read at once.

        Raises:
            RefusedError: what was flashed is not kept.
        """
        if not self.media.keeps:
            raise RefusedError("unknown variable")
        return MAX_FETCH

    def admit_fetch(self, name: str, offset: int, size: int | None) -> tuple[str, int]:
        """Check that a part of a partition may be read; give its full name and the bytes.

        Raises:
            RefusedError: locked, unknown, not kept, or not within the partition and the limit.
        """
        self.require_unlocked()
        full = self.partition(name)
        length = self.partitions.size(full) - offset if size is None else size
        if not 0 < length <= self.max_fetch_size():
            raise RefusedError(f"cannot fetch {length} bytes at once")
        if offset + length > self.partitions.size(full):
            raise RefusedError(f"beyond the end of partition {full}")
        return full, length

    def erase(self, name: str) -> None:
        """Empty a partition.

        Raises:
            RefusedError: locked or unknown.
        """
        self.require_unlocked()
        self.media.erase(self.partition(name))

    def set_active(self, slot: str) -> None:
        """Boot from another slot, `a` or `b`, with or without a leading underscore.

        Raises:
            RefusedError: locked, or no such slot.
        """
        self.require_unlocked()
        self.slots.activate(slot.removeprefix("_"))

    def create_logical(self, name: str, size: int) -> None:
        """Add a logical partition.

        Raises:
            RefusedError: locked, a bad or taken name, or no room left.
        """
        self.require_unlocked()
        self.partitions.create(name, size)

    def delete_logical(self, name: str) -> None:
        """Remove a logical partition and what it held.

        Raises:
            RefusedError: locked, or there is no such logical partition.
        """
        self.require_unlocked()
        self.partitions.delete(name)
        self.media.erase(name)

    def resize_logical(self, name: str, size: int) -> None:
        """Give a logical partition another size; content beyond it is lost.

        Raises:
            RefusedError: locked, no such logical partition, or no room left.
        """
        self.require_unlocked()
        self.partitions.resize(name, size)
        self.media.shorten(name, size)

    def update_super(self, name: str, staged: Staged, *, wipe: bool) -> None:
        """Take a layout of the logical partitions; with `wipe` each of them is empty then.

        The image is kept as the content of `super`, and not read: which partitions there are
        stays as it is.

        Raises:
            RefusedError: locked, not in fastbootd, no such partition, or a sparse image.
        """
        self.require_unlocked()
        if self.mode is not Mode.USERSPACE:
            raise RefusedError("logical partitions are for fastbootd")
        if name != SUPER or staged.weight.sparse:
            raise RefusedError("not an image of super's layout")
        self.write(self.partition(name), staged)
        if wipe:
            for full in self.partitions.empty():
                self.media.erase(full)

    def require_unlocked(self) -> None:
        """Refuse to go on where the bootloader is locked.

        Raises:
            RefusedError: it is.
        """
        if self.profile.locked:
            raise RefusedError("not allowed on a locked device")
