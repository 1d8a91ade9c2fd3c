"""A device in DFU mode as a :class:`~flashyard.flash.target.Target`: one memory, one firmware."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Self

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.dfu.access import Access, AddressAccess, StreamAccess
from flashyard.flash.dfu.control import Face, StallError
from flashyard.flash.dfu.entry import Connect, Entered, enter
from flashyard.flash.dfu.firmware import examine
from flashyard.flash.dfu.functional import LEAST, Functional
from flashyard.flash.dfu.limits import DEFAULT_LIMITS, REAL_CLOCK, Clock, Limits
from flashyard.flash.dfu.session import Session
from flashyard.flash.dfu.spans import Spans
from flashyard.flash.dfu.spots import Spot, Spots, fitted
from flashyard.flash.images.pieces import pieces
from flashyard.flash.source import MAX_DOWNLOAD, Part, Source
from flashyard.flash.target import Capability, Description, Place, Taken, Tell, unable


class DfuTarget:
    """One open device; meets :class:`Target`."""

    def __init__(
        self, entered: Entered, functional: Functional, tell: Tell, limits: Limits, clock: Clock
    ) -> None:
        self._pipe = entered.pipe
        self._ids = entered.ids
        self._tell = tell
        self._functional = functional
        self._session = Session(entered.pipe, limits, clock)
        self._spots = Spots(entered.pipe.face.alternates, is_dfuse=functional.is_dfuse)
        self._spot: Spot | None = None
        self._access: Access = StreamAccess(self._session, functional)
        self._spans = Spans(())
        self._goes_back = entered.ran  # to its own firmware, as long as that was not touched
        self._block = bytearray()  # gathered for the next download
        self._at = 0  # where it goes

    @classmethod
    def open(
        cls,
        connect: Connect,
        tell: Tell,
        limits: Limits = DEFAULT_LIMITS,
        clock: Clock = REAL_CLOCK,
        assumed: Functional = LEAST,
    ) -> Self:
        """Open what is at a port, bring it into DFU mode, and make it idle.

        ``assumed``: of a device without a functional descriptor.

        Raises:
            FaultError: what ``connect`` raises, `device_refused`, `device_silent`,
                `protocol_error`.
        """
        entered = enter(connect, limits, clock)
        try:
            functional = Functional.find(entered.pipe.face.functional) or assumed
            target = cls(entered, functional, tell, limits, clock)
            target._session.make_idle()
        except BaseException:
            entered.pipe.close()
            raise
        return target

    @property
    def capabilities(self) -> frozenset[Capability]:
        """It can be read where it says so and goes on talking after it was written."""
        able = {Capability.WRITES_AS_SENT, Capability.SYNC, Capability.REBOOT}
        goes_on = self._functional.is_tolerant or self._functional.is_dfuse
        if self._functional.can_upload and goes_on:
            able.add(Capability.READ_BACK)
        return frozenset(able)

    @property
    def bootloader(self) -> None:
        """There is none to talk to."""

    def describe(self) -> Description:
        """Tell what its descriptors say."""
        return described(self._pipe.face, self._spots)

    def locate(self, partition: str, _slot: str | None) -> Place:
        """Find a memory by its name, `alt0` …, `firmware` for the first, or by an address.

        Raises:
            FaultError: `unknown_partition`; `not_supported` for a second memory in one job;
                `protocol_error` where a DfuSe device does not lay its memory out.
        """
        spot = self._spots.find(partition)
        if self._spot is not None:
            raise refuse(
                Code.NOT_SUPPORTED,
                "One job writes one memory of a DFU device.",
                hint="Start a job for each.",
            )
        self._spot = spot
        self._pipe.select(spot.alternate)
        if spot.layout is not None:
            self._access = AddressAccess(self._session, self._functional, spot.layout)
        # A .dfu file is larger than what it writes: what fits is judged by its addresses.
        return Place(partition, None)

    def admit(self, _place: Place, source: Source) -> None:
        """Read the image once: is it whole, and is it for this device and this memory?

        Raises:
            FaultError: `image_corrupt`, `device_mismatch`, `image_too_large`, `not_supported`.
        """
        if not self._functional.can_download:
            raise refuse(Code.NOT_SUPPORTED, "The device lets nothing be written.")
        if self._spot is None:
            raise refuse(Code.INTERNAL, "Nothing was located.")
        firmware = examine(source)
        suffix = firmware.suffix
        if suffix is None:
            self._tell("The image has no DFU suffix: it does not say which device it is for")
        elif not any(suffix.suits(*ids) for ids in self._ids):
            found = ", ".join(f"{vendor:04x}:{product:04x}" for vendor, product in self._ids)
            raise refuse(
                Code.DEVICE_MISMATCH,
                "The firmware is for another device.",
                details=f"for {suffix.vendor:04x}:{suffix.product:04x}, this is {found}",
            )
        self._spans = Spans(fitted(self._spot, firmware))

    def try_reading(self, place: Place) -> None:
        """Do nothing: its descriptor says of all its memories whether they can be read."""

    def erase(self, place: Place) -> None:
        """Refuse: pages are erased as they are written."""
        said = f"This kind of device cannot {Capability.ERASE}."
        raise refuse(Code.NOT_SUPPORTED, said, details=place.name)

    def resize(self, place: Place, _size: int) -> None:
        """Refuse: a memory has the size it has."""
        raise refuse(Code.NOT_SUPPORTED, "A memory cannot be resized.", details=place.name)

    def take_up(self, place: Place, _parts: Iterator[Part]) -> None:
        """Refuse: a download is one from its first block to its last."""
        raise unable(Capability.TAKES_UP, place)

    def send(self, part: Part) -> Iterator[Taken]:
        """Download a part, block by block."""
        waiting = 0
        self._goes_back = False
        for piece in pieces(part):
            waiting += piece.content
            for cut in self._spans.cut(piece):
                if not self._block:
                    self._at = cut.address
                self._block += cut.data
                for length in self._download(is_last=cut.is_last):
                    yield Taken(length, waiting)
                    waiting = 0
        if waiting:
            yield Taken(0, waiting)

    def _download(self, *, is_last: bool) -> Iterator[int]:
        """Send what was gathered, as far as it fills blocks; yield the bytes of each."""
        size = self._functional.transfer_size
        while len(self._block) >= size or (is_last and self._block):
            block = bytes(self._block[:size])
            self._access.write(self._at, block)
            self._at += len(block)
            del self._block[: len(block)]
            yield len(block)

    def commit(self, place: Place, part: Part) -> None:
        """Do nothing: it was written as it was sent."""

    def sync(self, _place: Place) -> None:
        """Have the device make the firmware its own."""
        self._access.finish()

    def compare(self, _place: Place, part: Part) -> Iterator[Taken]:
        """Upload what a part wrote, and compare.

        Raises:
            FaultError: `verify_mismatch`; `device_refused` where it does not let itself be read.
        """
        for piece in pieces(part):
            read = 0
            for cut in self._spans.cut(piece):
                found = self._access.read(cut.address, len(cut.data))
                read += len(found)
                if found != bytes(cut.data):
                    raise _differs(cut.address, found, bytes(cut.data))
            yield Taken(read, piece.content)

    def set_active(self, slot: str) -> None:
        """Refuse: DFU knows no slots."""
        raise refuse(Code.NOT_SUPPORTED, f"The device has no slot {slot}.")

    def reboot(self) -> None:
        """Start the firmware: DfuSe is told to, plain DFU does by a reset of the bus."""
        if self._session.is_gone:
            return
        if self._functional.is_dfuse:
            self._access.leave(next(iter(self._spans)).address)
        else:
            self._pipe.reset()

    def close(self) -> None:
        """Close the pipe; one that was taken out of its firmware for nothing is sent back to it."""
        if self._goes_back:
            with suppress(FaultError, StallError):
                self._pipe.reset()
        self._pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def described(face: Face, spots: Spots) -> Description:
    """Tell what a device in DFU mode says of itself before it is asked for anything."""
    return Description(
        product=face.product or f"{face.vendor:04x}:{face.product_id:04x}",
        serial=face.serial,
        version=f"{face.release >> 8:x}.{face.release & 0xFF:02x}",
        mode="dfu",
        max_download_size=MAX_DOWNLOAD,
        partitions=spots.sizes(),
        name=face.product,
    )


def _differs(address: int, found: bytes, wanted: bytes) -> FaultError:
    pairs = zip(found, wanted, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), len(found))
    what = f"is {found[at]:#04x}, not {wanted[at]:#04x}" if at < len(found) else "cannot be read"
    return refuse(Code.VERIFY_MISMATCH, details=f"byte {address + at:#x} {what}")
