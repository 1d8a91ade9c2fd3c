"""A removable disk as a :class:`~flashyard.flash.target.Target`: it is written whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from flashyard.contract.faults import Code, refuse
from flashyard.flash.block.comparison import Comparison
from flashyard.flash.block.headless import Headless
from flashyard.flash.block.medium import DiskMedium, Medium
from flashyard.flash.block.permit import permit
from flashyard.flash.images.pieces import pieces
from flashyard.flash.ports.disk import Disk, Host
from flashyard.flash.source import MAX_DOWNLOAD, Part, Source
from flashyard.flash.target import Capability, Description, Place, Taken, Tell, unable

# What stands where a device with partitions has their name.
WHOLE = "disk"
_THIS_HOST = Host()
CAPABILITIES = frozenset(
    {
        Capability.WRITES_AS_SENT,
        Capability.SYNC,
        Capability.READ_BACK,
        Capability.TAKES_UP,
        Capability.INERT,
    }
)


class BlockTarget:
    """One open disk; meets :class:`Target`."""

    def __init__(self, disk: Disk, medium: Medium) -> None:
        self._disk = disk
        self._medium = medium
        self._headless = Headless(medium)
        self._comparison = Comparison(medium)

    @classmethod
    def open(
        cls,
        port: str,
        tell: Tell,
        host: Host = _THIS_HOST,
        open_medium: Callable[[Path], Medium] = DiskMedium.open,
    ) -> Self:
        """Open the disk at a port, by its name in `/dev/disk/by-path`, if it may be written.

        Raises:
            FaultError: `device_offline` where there is none; what :func:`permit` and
                :meth:`DiskMedium.open` raise; `device_mismatch` where another disk took its
                place meanwhile.
        """
        disk = next((disk for disk in host.disks() if disk.port == port), None)
        if disk is None:
            raise refuse(Code.DEVICE_OFFLINE, f"There is no disk at {port}.")
        return cls.open_disk(disk, tell, host, open_medium)

    @classmethod
    def open_disk(
        cls,
        disk: Disk,
        tell: Tell,
        host: Host = _THIS_HOST,
        open_medium: Callable[[Path], Medium] = DiskMedium.open,
    ) -> Self:
        """Open a disk, if it may be written; raises as :meth:`open`."""
        permit(disk, host)
        medium = open_medium(disk.node)
        found = f"{medium.number} of {medium.size} bytes"
        if medium.number != disk.number or not 0 <= disk.size - medium.size < medium.alignment:
            medium.close()
            raise refuse(
                Code.DEVICE_MISMATCH,
                "The disk was exchanged for another one.",
                details=f"{disk.number} of {disk.size} bytes, not {found}",
            )
        tell(f"Opened {disk.name}, {disk.model or 'unknown'}, {disk.size} bytes")
        return cls(disk, medium)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """It is written directly and can be read; it has no parts, and nothing in it runs."""
        return CAPABILITIES

    @property
    def bootloader(self) -> None:
        """There is none to talk to."""

    def describe(self) -> Description:
        """Tell what the kernel knows of it."""
        return described(self._disk, self._medium.size)

    def locate(self, partition: str, _slot: str | None) -> Place:
        """Find the whole disk.

        Raises:
            FaultError: `unknown_partition` for any other name than `disk`.
        """
        if partition != WHOLE:
            raise refuse(
                Code.UNKNOWN_PARTITION,
                f"A disk has no partition {partition} that is written by name.",
                hint=f"A disk is written whole: name the partition `{WHOLE}`.",
            )
        return Place(WHOLE, self._medium.size)

    def admit(self, place: Place, source: Source) -> None:
        """Take whatever fits, and that was judged by its size."""

    def try_reading(self, place: Place) -> None:
        """Do nothing: what can be written can be read."""

    def erase(self, place: Place) -> None:
        """Refuse: there is no quick way that every disk understands."""
        raise unable(Capability.ERASE, place)

    def resize(self, place: Place, _size: int) -> None:
        """Refuse: a disk has the size it has."""
        raise refuse(Code.NOT_SUPPORTED, "A disk cannot be resized.", details=place.name)

    def take_up(self, _place: Place, parts: Iterator[Part]) -> None:
        """Read again what the earlier session kept back of the first MiB: it died with it."""
        for part in parts:
            for piece in pieces(part):
                if not self._headless.remember(piece):
                    return

    def send(self, part: Part) -> Iterator[Taken]:
        """Write a part, but for what of it lies in the first MiB."""
        for piece in pieces(part):
            yield from self._headless.put(piece)
        yield from self._headless.flush()

    def commit(self, _place: Place, _part: Part) -> None:
        """See what was written as it was sent safe on the medium: it may be built upon now."""
        self._medium.sync()

    def sync(self, _place: Place) -> None:
        """Wait for the medium, write the first MiB, and wait again."""
        self._headless.finish()

    def compare(self, _place: Place, part: Part) -> Iterator[Taken]:
        """Read what the part wrote from the medium, and compare."""
        for piece in pieces(part):
            yield Taken(self._comparison.agree(piece), piece.content)

    def set_active(self, slot: str) -> None:
        """Refuse: a disk has no slots."""
        raise refuse(Code.NOT_SUPPORTED, f"A disk has no slot {slot}.")

    def reboot(self) -> None:
        """Do nothing: there is nothing that runs."""

    def close(self) -> None:
        """Close the disk."""
        self._medium.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def described(disk: Disk, size: int) -> Description:
    """Tell what the kernel knows of a disk; ``size``: the bytes that can be written."""
    return Description(
        product=disk.model,
        serial=disk.serial,
        mode="storage",
        max_download_size=MAX_DOWNLOAD,
        partitions={WHOLE: size},
        name=disk.model,
    )
