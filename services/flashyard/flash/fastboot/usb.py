"""Fastboot over USB: one packet, one transfer; and how a device is brought to listen again.

Source: AOSP system/core, fastboot/README.md, "Transport and Framing" and "Command Syntax".
"""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from typing import ClassVar, Self

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.fastboot.limits import DEFAULT_LIMITS, Limits
from flashyard.flash.ports.modes import FASTBOOT
from flashyard.flash.usb.pipes import Pipes
from flashyard.flash.usb.place import UsbPlace

_log = logging.getLogger(__name__)

_HELLO = b"getvar:version"
_LAST_WORDS = (b"OKAY", b"FAIL")
_MAX_LINES = 64


class UsbAddress(UsbPlace):
    """Where on this host's USB a fastboot device is."""


class UsbTransport:
    """An open session. Made by :meth:`connect`; meets :class:`Transport`."""

    breaks_off: ClassVar[bool] = False

    def __init__(self, pipes: Pipes) -> None:
        self._pipes = pipes

    @classmethod
    def connect(cls, address: UsbAddress, limits: Limits = DEFAULT_LIMITS) -> Self:
        """Claim the device and see that it listens; mend it where it does not.

        USB has no sessions: a host that died may have left an answer to be read, a halted pipe, or
        a device that still waits for data. The ladder: drop answers, clear halts, reset.

        Raises:
            FaultError: as :meth:`UsbHost.open`; `device_silent` with the
                operator's turn as its hint, where nothing helped.
        """
        pipes = _open(address, limits)
        if not _listens(pipes, limits):
            _log.warning("%s does not listen and is reset", address)
            pipes.reset()
            pipes = _open(address, limits)  # it has enumerated, maybe under a new address
            if not _listens(pipes, limits):
                pipes.close()
                raise refuse(
                    Code.DEVICE_SILENT,
                    "The device does not answer, not after a USB reset either.",
                    hint="Plug it out and in again; or hold its power key until it restarts, "
                    "and bring it into its bootloader.",
                    details=address.station,
                )
        return cls(pipes)

    def send(self, packet: bytes, wait: float) -> None:
        """Send one command as one packet."""
        data = memoryview(packet)
        deadline = time.monotonic() + wait
        while data:
            data = data[self._pipes.write(data, deadline - time.monotonic()) :]

    def receive(self, wait: float) -> bytes:
        """Receive one response packet, at most 4096 bytes."""
        return self._pipes.read(wait)

    def open_data(self, size: int, wait: float) -> None:
        """Do nothing: the bytes of a data phase follow as they are."""

    def push(self, data: memoryview, wait: float) -> int:
        """Hand over one transfer of at most 1 MiB."""
        return self._pipes.write(data, wait)

    def pull(self, into: memoryview, wait: float) -> int:
        """Take one transfer of at most 1 MiB."""
        return self._pipes.read_into(into, wait)

    def close(self) -> None:
        """Give the device back."""
        self._pipes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _open(address: UsbAddress, limits: Limits) -> Pipes:
    return address.host.open(address.station, address.serial, FASTBOOT, limits.connect)


def _listens(pipes: Pipes, limits: Limits) -> bool:
    """See whether a device answers, if need be once the halts are cleared; False: reset it."""
    with ExitStack() as broken:
        broken.callback(pipes.close)
        listens = _answers(pipes, limits)
        if not listens:
            pipes.clear_halts()
            listens = _answers(pipes, limits)
        broken.pop_all()
    return listens


def _answers(pipes: Pipes, limits: Limits) -> bool:
    """Ask a question that every device answers; False: it does not, or not as fastboot does."""
    try:
        pipes.drain()
        pipes.write(memoryview(_HELLO), limits.handshake)
        for _ in range(_MAX_LINES):
            if pipes.read(limits.handshake)[:4] in _LAST_WORDS:
                return True
    except FaultError as error:
        if error.fault.code is Code.USB_UNPLUGGED:
            raise
        _log.debug("it does not answer: %s", error)
    return False
