"""A DFU device in software on a real bus: the kernel's FunctionFS hands it each control transfer.

Run as a program in a guest with a gadget set up: `dfu_gadget.py EP0 plain|dfuse`; it serves until
the function is unbound. Follows Linux, Documentation/usb/functionfs.rst. The kernels this runs on
take no DFU functional descriptor from a function, so that hosts must do without.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from flashyard.contract.faults import FaultError
from flashyard.flash.dfu.control import Request, StallError
from support.dfu_device import DfuDevice, Ticking
from support.dfuse_device import DfuSeDevice

_DESCRIPTORS, _STRINGS = 3, 2
_FULL, _HIGH, _SUPER = 1, 2, 4
_EVENT = struct.Struct("<BBHHHB3x")
_UNBIND, _SETUP = 1, 4
_IN = 0x80
_STATE = Path(os.environ.get("DFU_STATE", "/dev/null"))


class RealTime(Ticking):
    """The clock on the wall, which nobody needs to push."""

    def __init__(self) -> None:
        """Start nothing: `time` is read anew each time."""

    @property
    def time(self) -> float:  # type: ignore[override]  # it ticks by itself
        return time.monotonic()


def descriptors(protocol: int) -> bytes:
    """Make an interface without endpoints, for every speed."""
    interface = struct.pack("<9B", 9, 4, 0, 0, 0, 0xFE, 0x01, protocol, 1)
    body = struct.pack("<3I", 1, 1, 1) + 3 * interface
    return struct.pack("<3I", _DESCRIPTORS, 12 + len(body), _FULL | _HIGH | _SUPER) + body


def strings(name: str) -> bytes:
    """Make the interface's name."""
    body = struct.pack("<H", 0x0409) + name.encode() + b"\0"
    return struct.pack("<4I", _STRINGS, 16 + len(body), 1, 1) + body


def serve(ep0: int, device: DfuDevice) -> None:
    """Answer transfers until the function is unbound."""
    while True:
        kind, request, value, _, length, event = _EVENT.unpack(os.read(ep0, _EVENT.size))
        if event == _UNBIND:
            return
        if event == _SETUP:
            answer(ep0, device, (kind, request, value, length))
            held = device.memory if isinstance(device, DfuSeDevice) else device.flash
            _STATE.write_bytes(held)


def answer(ep0: int, device: DfuDevice, setup: tuple[int, int, int, int]) -> None:
    """Do what one transfer asks; to stall is to go the wrong way."""
    kind, request, value, length = setup
    if kind & _IN:
        try:
            data = device.read(Request(request), value, length)
        except (StallError, FaultError, ValueError):
            stall(lambda: os.read(ep0, 0))
        else:
            os.write(ep0, data)
        return
    if length == 0:
        # Nothing can be refused after it was acknowledged, which reading does.
        try:
            device.write(Request(request), value, b"")
        except (StallError, FaultError, ValueError):
            stall(lambda: os.write(ep0, b""))
        else:
            os.read(ep0, 0)
        return
    data = os.read(ep0, length)
    try:
        device.write(Request(request), value, data)
    except (StallError, FaultError, ValueError):
        return  # its status tells


def stall(wrong_way: Callable[[], object]) -> None:
    """Go the wrong way; the kernel answers that it has halted the endpoint."""
    with suppress(OSError):
        wrong_way()


def main(path: str, kind: str) -> None:
    """Serve a device at an ep0."""
    make = DfuSeDevice if kind == "dfuse" else DfuDevice
    device = make(RealTime(), transfer_size=1024)
    ep0 = os.open(path, os.O_RDWR)
    os.write(ep0, descriptors(device.protocol))
    os.write(ep0, strings(device.name))
    print("ready", flush=True)  # noqa: T201 - whoever started it waits for this
    serve(ep0, device)


if __name__ == "__main__":
    main(*sys.argv[1:])
