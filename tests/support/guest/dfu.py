"""A DFU device on USB: the state machine in software, behind the control pipe of a real bus.

Runs inside the guest: `python -m support.guest.dfu plain|dfuse --held FILE`. Says `ready` when it
is on the bus, keeps what it holds in FILE, and ends with SIGTERM.
"""

from __future__ import annotations

import argparse
import signal
import struct
import sys
from pathlib import Path

from flashyard.contract.faults import FaultError
from flashyard.flash.dfu.control import Request, StallError
from support.dfu_device import IDS, DfuDevice, WallClock
from support.dfuse_device import DfuSeDevice
from support.guest.usbip import Face, Plug, RefusedError, Setup

PRODUCT = "Paper"
TRANSFER_SIZE = 1024
_NAME = 4  # the index of the memory's name
_SET_CONFIGURATION, _GET_INTERFACE, _SET_INTERFACE = 9, 10, 11


class Tongue:
    """Says a device's words over a control pipe.

    Args:
        device: the state machine.
        held: the file that shows what it holds.
    """

    def __init__(self, device: DfuDevice, held: Path) -> None:
        self._device = device
        self._held = held
        self._show()

    @property
    def face(self) -> Face:
        """What it says of itself, with a functional descriptor."""
        paper = self._device.face
        interface = struct.pack("<9B", 9, 4, 0, 0, 0, 0xFE, 0x01, paper.protocol, _NAME)
        strings = {1: "flashyard", 2: PRODUCT, 3: "P-1", _NAME: self._device.name}
        return Face(*IDS, paper.release, interface + paper.functional, strings)

    def answer(self, setup: Setup, sent: bytes) -> bytes:
        """Do what a request asks for; a refused one leaves a status that tells why."""
        if setup.is_standard:
            return self._standard(setup)
        try:
            request = Request(setup.request)
            if setup.is_to_host:
                return self._device.read(request, setup.value, setup.length)
            self._device.write(request, setup.value, sent)
        except (StallError, FaultError, ValueError):
            raise RefusedError from None
        finally:
            self._show()
        return b""

    def _standard(self, setup: Setup) -> bytes:
        if setup.request == _SET_CONFIGURATION:  # as after every reset of the bus
            self._device.restart()
        elif setup.request == _GET_INTERFACE:
            return b"\0"
        elif setup.request != _SET_INTERFACE:
            raise RefusedError
        return b""

    def _show(self) -> None:
        device = self._device
        self._held.write_bytes(device.memory if isinstance(device, DfuSeDevice) else device.flash)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["plain", "dfuse"])
    parser.add_argument("--held", type=Path, required=True)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    make = DfuSeDevice if asked.kind == "dfuse" else DfuDevice
    tongue = Tongue(make(WallClock(), transfer_size=TRANSFER_SIZE), asked.held)
    with Plug(tongue.face, tongue.answer) as plug:
        print("ready", flush=True)  # noqa: T201  # whoever started it waits for this line
        plug.serve()


if __name__ == "__main__":
    _main()
