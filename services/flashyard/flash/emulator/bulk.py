"""fastboot over a pair of bulk endpoints, as files: one command a transfer, data as it comes.

Knows no command, and not how the endpoints came to be.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable

from flashyard.flash.emulator.wire import WireGoneError

_COMMAND = 4096  # a multiple of every packet size, and the longest there is
_TRANSFER = 256 << 10  # the kernel wants it in one piece
_PACKET = 512
_LINGER_S = 0.5  # less, and a host that reads its OKAY finds the device gone
_MOST_EMPTY = 1000
# Linux, include/uapi/linux/usb/functionfs.h: FUNCTIONFS_ENDPOINT_DESC
_DESCRIBE = 0x80096782
_DESCRIPTOR = 9
_MAX_PACKET = slice(4, 6)


class BulkWire:
    """The line to the USB host.

    Args:
        out: file of the endpoint that the host writes to.
        into: file of the one it reads from.
        pause: waits so many seconds, or until the device is switched off.
        unplug: pulls the cable.
    """

    def __init__(
        self,
        out: int,
        into: int,
        pause: Callable[[float], object],
        unplug: Callable[[], None],
    ) -> None:
        self._out = out
        self._in = into
        self._pause = pause
        self._unplug = unplug
        self._packet = 0
        self._left_over = memoryview(b"")

    def read_command(self) -> bytes:
        """Read one transfer; empty ones say nothing."""
        return self._read(_COMMAND)

    def send(self, reply: bytes) -> None:
        """Send one packet."""
        try:
            os.write(self._in, reply)
        except OSError as error:
            raise WireGoneError(f"the host is gone: {error}") from error

    def read_into(self, view: memoryview) -> int:
        """Take what one transfer brings.

        It is asked for in whole packets, and for no packet more than the host has to send: USB
        tells the end of a transfer by a short packet, and the data phase ends with none of its own.
        """
        if not self._left_over:
            packet = self._packet = self._packet or _packet_size(self._out)
            if whole := min(_TRANSFER, len(view) // packet * packet):
                return self._fill(view[:whole])
            self._left_over = memoryview(self._read(packet))
        count = min(len(view), len(self._left_over))
        view[:count] = self._left_over[:count]
        self._left_over = self._left_over[count:]
        return count

    def linger(self) -> None:
        """Wait until the host has read."""
        self._pause(_LINGER_S)

    def cut(self) -> None:
        """Leave the bus."""
        self._unplug()

    def _read(self, size: int) -> bytes:
        buffer = bytearray(size)
        return bytes(buffer[: self._fill(memoryview(buffer))])

    def _fill(self, view: memoryview) -> int:
        try:
            for _ in range(_MOST_EMPTY):
                if count := os.readv(self._out, [view]):
                    return count
        except OSError as error:
            raise WireGoneError(f"the host is gone: {error}") from error
        raise WireGoneError("the host sends nothing but empty packets")


def _packet_size(endpoint: int) -> int:
    """Ask what a packet is at the speed the bus came up with; bytes."""
    told = bytearray(_DESCRIPTOR)
    try:
        fcntl.ioctl(endpoint, _DESCRIBE, told)
    except OSError:  # no USB endpoint: a test's pipe
        return _PACKET
    return int.from_bytes(told[_MAX_PACKET], "little")
