"""The places of a DFU device by the names people give: which memory, and from where on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.dfu import memory
from flashyard.flash.dfu.control import Alternate
from flashyard.flash.dfu.firmware import Firmware
from flashyard.flash.dfu.memory import Layout
from flashyard.flash.dfu.spans import Span

# What the first memory may always be called.
FIRST = "firmware"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{1,8}", re.ASCII)
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_LONGEST_NAME = 36


class Spot(NamedTuple):
    """An alternate setting; with DfuSe its layout, and where firmware without addresses goes."""

    alternate: int
    layout: Layout | None
    address: int


class Spots:
    """All spots of one device."""

    def __init__(self, alternates: Sequence[Alternate], *, is_dfuse: bool) -> None:
        self._alternates = alternates
        self._is_dfuse = is_dfuse

    def sizes(self) -> dict[str, int | None]:
        """Tell the memories' names, and their bytes where they are laid out."""
        sizes: dict[str, int | None] = {}
        for each in self._alternates:
            layout = self._layout_if_sound(each)
            name = _name(each, layout)
            sizes[name] = layout.size if layout else None
        return sizes

    def find(self, name: str) -> Spot:
        """Find a spot; raises `unknown_partition`, and `protocol_error` for an odd layout."""
        if _ADDRESS.fullmatch(name) and self._is_dfuse:
            return self._at(int(name, 16))
        for index, each in enumerate(self._alternates):
            layout = self._layout_if_sound(each)
            names = {f"alt{each.number}", _name(each, layout)}
            # The first memory of a DfuSe device is the one its programs are in; of several plain
            # ones nobody knows.
            if index == 0 and (self._is_dfuse or len(self._alternates) == 1):
                names.add(FIRST)
            if name in names:
                return self._spot(each)
        raise refuse(
            Code.UNKNOWN_PARTITION,
            f"The device has no memory {name}.",
            details=", ".join(self.sizes())[:1000],
        )

    def _at(self, address: int) -> Spot:
        for each in self._alternates:
            layout = self._layout_if_sound(each)
            if layout is not None and layout.at(address) is not None:
                return Spot(each.number, layout, address)
        raise refuse(Code.UNKNOWN_PARTITION, f"The device has no memory at {address:#010x}.")

    def _spot(self, alternate: Alternate) -> Spot:
        if not self._is_dfuse:
            return Spot(alternate.number, None, 0)
        layout = memory.parse(alternate.name or "")
        writable = (pages.address for pages in layout.pages if pages.is_writable)
        return Spot(alternate.number, layout, next(writable, layout.pages[0].address))

    def _layout_if_sound(self, alternate: Alternate) -> Layout | None:
        """Lay a memory out; one that makes no sense is told by its number alone."""
        if not self._is_dfuse:
            return None
        try:
            return memory.parse(alternate.name or "")
        except FaultError:
            return None


def fitted(spot: Spot, firmware: Firmware) -> Iterator[Span]:
    """Give the spans of a firmware, held against the memory they go to.

    Raises:
        FaultError: `device_mismatch` where the file is for other memories; `image_too_large`
            where a firmware without addresses does not fit.
    """
    if firmware.memories is None:
        yield _held(spot, Span(0, firmware.length, spot.address), Code.IMAGE_TOO_LARGE)
        return
    if spot.layout is None:
        raise refuse(Code.DEVICE_MISMATCH, "A DfuSe file is for a device that speaks DfuSe.")
    others = sorted({each.alternate for each in firmware.memories} - {spot.alternate})
    if others:
        raise refuse(
            Code.DEVICE_MISMATCH,
            "The file is for other memories of the device, too.",
            details=f"alternate settings {others}, chosen is {spot.alternate}",
        )
    for each in firmware.memories:
        for address, offset, size in each.elements:
            yield _held(spot, Span(offset, offset + size, address), Code.DEVICE_MISMATCH)


def _held(spot: Spot, span: Span, code: Code) -> Span:
    end = span.address + span.end - span.start
    if spot.layout is not None:
        for pages in spot.layout.within(span.address, end):
            if pages is None or not pages.is_writable:
                raise refuse(
                    code,
                    "The firmware does not lie within what can be written of the memory.",
                    details=f"{span.address:#010x} to {end:#010x} in {spot.layout.name}",
                )
    return span


def _name(alternate: Alternate, layout: Layout | None) -> str:
    told = layout.name if layout is not None else alternate.name or ""
    return _NOT_IN_NAMES.sub("-", told).strip("-._")[:_LONGEST_NAME] or f"alt{alternate.number}"
