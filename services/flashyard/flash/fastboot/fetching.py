"""Reading back over fastboot, where a device lets itself be read: `fetch:NAME:OFFSET:SIZE`.

Source: AOSP system/core, fastboot/device/commands.cpp and fastboot/fastboot_driver.cpp. Phones
offer it in fastbootd, unlocked, and of some partitions only; so it is tried before it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.fastboot import variables
from flashyard.flash.fastboot.client import Client
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.images.pieces import Piece, pieces
from flashyard.flash.source import MIB, Part
from flashyard.flash.target import Place, Taken

_TRIAL = 4096  # bytes; no partition has less


class Fetching:
    """Compares a device's partitions with what it was sent, at most 1 MiB of them in memory."""

    def __init__(self, client: Client, limits: Limits, largest: int) -> None:
        self._client = client
        self._limits = limits
        self._memory = memoryview(bytearray(min(largest, MIB)))
        self._held = self._memory[:0]
        self._base = 0  # where in the partition that begins

    @classmethod
    def offered(cls, client: Client, limits: Limits) -> Self | None:
        """Ask whether the device lets itself be read at all."""
        largest = variables.number(client.getvar("max-fetch-size"))
        return cls(client, limits, largest) if largest else None

    def try_out(self, place: Place) -> None:
        """Read a little.

        Raises:
            FaultError: `not_supported` where the device does not let this partition be read.
        """
        if place.size == 0:
            return  # it is made larger before it is written; then there is something to read
        length = min(len(self._memory), place.size or _TRIAL, _TRIAL)
        try:
            self._fetch(place, 0, length)
        except FaultError as error:
            if error.fault.code is not Code.DEVICE_REFUSED:
                raise
            raise refuse(
                Code.NOT_SUPPORTED,
                f"The device does not let {place.name} be read back.",
                hint="Leave `readback` out: that every byte was taken is checked all the same.",
                details=error.fault.details,
            ) from error

    def compare(self, place: Place, part: Part) -> Iterator[Taken]:
        """Fetch what a part put there, and compare.

        Raises:
            FaultError: `verify_mismatch`, and what the client raises.
        """
        self._held = self._memory[:0]  # the device has been written since
        for piece in pieces(part):
            fetched = self._agree(place, piece)
            yield Taken(fetched, piece.content)

    def _agree(self, place: Place, piece: Piece) -> int:
        """Compare one piece; return the bytes it took from the device."""
        fetched, offset, wanted = 0, piece.offset, piece.data
        if (size := _size(place)) is not None:  # an image's last block may go beyond the end
            wanted = wanted[: max(0, size - offset)]
        while wanted:
            start = offset - self._base
            if not 0 <= start < len(self._held):
                fetched += self._fetch(place, offset, self._step(place, offset, len(wanted)))
                start = 0
            found = self._held[start : start + len(wanted)]
            expected = wanted[: len(found)]
            if found != expected:
                raise _differs(offset, found, expected)
            offset, wanted = offset + len(found), wanted[len(found) :]
        return fetched

    def _step(self, place: Place, offset: int, wanted: int) -> int:
        """Tell how much to fetch: more than is wanted now where there is more for sure."""
        size = _size(place)
        return min(len(self._memory), wanted if size is None else size - offset)

    def _fetch(self, place: Place, offset: int, length: int) -> int:
        command = f"fetch:{place.name}:{offset:#010x}:{length:#010x}"
        self._held = self._memory[:0]
        self._client.upload(command, self._memory[:length], self._limits.stall)
        self._held, self._base = self._memory[:length], offset
        return length


def _size(place: Place) -> int | None:
    """Tell where a partition ends for sure: one that can grow may have grown since."""
    return None if place.resizable else place.size


def _differs(offset: int, found: memoryview, wanted: memoryview) -> FaultError:
    at = next(i for i, (a, b) in enumerate(zip(found, wanted, strict=True)) if a != b)
    return refuse(
        Code.VERIFY_MISMATCH,
        details=f"byte {offset + at} is {found[at]:#04x}, not {wanted[at]:#04x}",
    )
