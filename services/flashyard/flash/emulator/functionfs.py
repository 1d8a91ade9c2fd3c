"""fastboot over USB for real: a FunctionFS mount, what it is told, and one host at a time.

Knows no command. The gadget around it, in configfs, is the operator's; given its directory, the
device leaves the bus when it restarts, and comes back as what it is then.
Source: Linux, Documentation/usb/functionfs.rst; include/uapi/linux/usb/functionfs.h.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from flashyard.contract.faults import Code, refuse
from flashyard.flash.emulator.bulk import BulkWire
from flashyard.flash.emulator.wire import Wire, WireGoneError

_DESCRIPTORS, _STRINGS = 3, 2  # magic numbers, version 2 of the descriptors
_FULL, _HIGH, _SUPER = 1, 2, 4
_ENGLISH = 0x0409
_BULK = 2
_INTO, _OUT = 0x81, 0x02  # the host's view; files ep1 and ep2, in this order
_PACKETS = {_FULL: 64, _HIGH: 512, _SUPER: 1024}
_BURST = 15
_STOP_S = 2.0
_RETRY_S = 0.1
# Google's, as a bootloader and as the fastboot inside Android have them.
_PRODUCTS = {"fastboot": 0x4EE0, "fastbootd": 0x4EE7}


def descriptors() -> bytes:
    """Make the interface ff/42/03 with a bulk endpoint each way, for every speed."""
    interface = struct.pack("<9B", 9, 4, 0, 0, 2, 0xFF, 0x42, 0x03, 1)
    body = b""
    for speed, packet in _PACKETS.items():
        companion = struct.pack("<4BH", 6, 0x30, _BURST, 0, 0) if speed == _SUPER else b""
        body += interface
        for address in (_INTO, _OUT):
            body += struct.pack("<4BHB", 7, 5, address, _BULK, packet, 0) + companion
    counts = struct.pack("<3I", 3, 3, 5)
    head = struct.calcsize("<3I") + len(counts)
    flags = _FULL | _HIGH | _SUPER
    return struct.pack("<3I", _DESCRIPTORS, head + len(body), flags) + counts + body


def strings(name: str) -> bytes:
    """Make the interface's name."""
    body = struct.pack("<H", _ENGLISH) + name.encode() + b"\0"
    return struct.pack("<4I", _STRINGS, 16 + len(body), 1, 1) + body


class FunctionFsPort:
    """Serves whoever is at the other end of the bus.

    Args:
        mount: where FunctionFS is mounted.
        gadget: the gadget's directory in configfs; without it the device never leaves the bus.
        mode: tells whether it is in `fastboot` or in `fastbootd`.
        serve: talks to one host until WireGoneError.
    """

    def __init__(
        self,
        mount: Path,
        gadget: Path | None,
        mode: Callable[[], str],
        serve: Callable[[Wire], None],
    ) -> None:
        self._mount = mount
        self._gadget = gadget
        self._mode = mode
        self._serve = serve
        self._controller = ""
        self._files: list[int] = []
        self._thread: Thread | None = None
        self._stopping = Event()
        self._down_for: float | None = None

    @property
    def mount(self) -> Path:
        """Where its endpoints are."""
        return self._mount

    def open(self) -> None:
        """Say what we are, and get on the bus.

        Raises:
            FaultError: `invalid_request`: it is no FunctionFS mount, or not ours to use.
        """
        try:
            self._come()
        except OSError as error:
            self._drop_files()
            raise refuse(
                Code.INVALID_REQUEST,
                f"{self._mount} cannot be used as a FunctionFS mount: {error.strerror}.",
                hint="Make a gadget with a function ffs.NAME in configfs, and mount it: "
                "`mount -t functionfs NAME DIR`.",
            ) from error
        self._thread = Thread(target=self._run, name="fastboot-usb", daemon=True)
        self._thread.start()

    def restart(self, down_for: float, spared: Wire) -> None:  # noqa: ARG002 - the one host there is
        """Leave the bus once the host has its reply, and come back in so many seconds."""
        self._down_for = down_for

    def close(self) -> None:
        """Leave the bus; calling it again is fine."""
        self._stopping.set()
        self._unbind()
        if self._thread is not None:
            # A read that nobody ends keeps the thread, and the thread its files: closed under it,
            # their numbers would be others'.
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        try:
            self._serve_hosts()
        finally:
            self._drop_files()

    def _serve_hosts(self) -> None:
        while not self._stopping.is_set():
            _, into, out = self._files
            with suppress(WireGoneError):
                self._serve(BulkWire(out, into, self._stopping.wait, self._pull))
            self._stopping.wait(_RETRY_S)
            if self._down_for is not None and not self._stopping.is_set():
                self._start_again(self._down_for)

    def _start_again(self, down_for: float) -> None:
        self._down_for = None
        if self._gadget is None:
            return
        self._unbind()
        self._drop_files()
        while not self._stopping.wait(down_for):
            try:
                self._come()
            except OSError:
                self._drop_files()
                continue
            return

    def _pull(self) -> None:
        """Leave the bus without a word, to be back after a moment."""
        self._down_for = 1.0
        self._unbind()

    def _come(self) -> None:
        mode = self._mode()
        control = os.open(self._mount / "ep0", os.O_RDWR)
        self._files.append(control)
        os.write(control, descriptors())
        os.write(control, strings(mode))
        for name, how in (("ep1", os.O_WRONLY), ("ep2", os.O_RDONLY)):
            self._files.append(os.open(self._mount / name, how))
        if self._gadget is not None:
            controllers = sorted(Path("/sys/class/udc").glob("*"))
            self._controller = self._controller or (controllers[0].name if controllers else "")
            (self._gadget / "idProduct").write_text(f"{_PRODUCTS[mode]:#06x}\n", encoding="ascii")
            (self._gadget / "UDC").write_text(f"{self._controller}\n", encoding="ascii")

    def _unbind(self) -> None:
        if self._gadget is not None:
            with suppress(OSError):  # it is not bound
                (self._gadget / "UDC").write_text("\n", encoding="ascii")

    def _drop_files(self) -> None:
        while self._files:
            os.close(self._files.pop())
