"""fastboot over USB from the device's side: the interface, and one host's line to the emulator.

After AOSP's fastboot README, "Transport": an interface ff/42/03 with one bulk endpoint each way;
a packet is a command, a packet is a reply. It knows no command.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable

from flashyard.flash.emulator.wire import WireGoneError
from support.guest.functionfs import Description, FunctionFs
from support.guest.hosts import Hosts

LONGEST_PACKET = 1024
"""Bytes, on super speed; what a host sends comes in multiples of it, but for the last packet."""

_LONGEST_COMMAND = 4096
_LONGEST_READ = 1 << 20
_LINGER_S = 0.5
_OUT, _IN = 0x01, 0x82
_BULK = 2
_INTERFACE = struct.pack("<9B", 9, 4, 0, 0, 2, 0xFF, 0x42, 0x03, 1)
_COMPANION = struct.pack("<4BH", 6, 0x30, 0, 0, 0)


def _endpoint(address: int, packet: int) -> bytes:
    return struct.pack("<4BHB", 7, 5, address, _BULK, packet, 0)


FASTBOOT = Description(
    full=(_INTERFACE, _endpoint(_OUT, 64), _endpoint(_IN, 64)),
    high=(_INTERFACE, _endpoint(_OUT, 512), _endpoint(_IN, 512)),
    superb=(
        *(_INTERFACE, _endpoint(_OUT, LONGEST_PACKET), _COMPANION),
        *(_endpoint(_IN, LONGEST_PACKET), _COMPANION),
    ),
    name="fastboot",
    endpoints=2,
)


class GadgetWire:
    """The emulator's line to a USB host, for one visit.

    Args:
        function: whose endpoints it reads and writes; it is described as `FASTBOOT`.
        hosts: who comes and goes there.
        visit: the number of this visit.
        unplug: takes the gadget off the bus.
    """

    def __init__(
        self, function: FunctionFs, hosts: Hosts, visit: int, unplug: Callable[[], object]
    ) -> None:
        self._function = function
        self._hosts = hosts
        self._visit = visit
        self._unplug = unplug

    def read_command(self) -> bytes:
        """Wait until the host sends a command."""
        packet = bytearray(_LONGEST_COMMAND)
        return bytes(packet[: self._read(memoryview(packet))])

    def read_into(self, view: memoryview) -> int:
        """Take whole packets; a request for less than one is the end of the data phase."""
        whole = min(len(view), _LONGEST_READ) // LONGEST_PACKET * LONGEST_PACKET
        return self._read(view[: whole or len(view)])

    def send(self, reply: bytes) -> None:
        """Return when the host has taken it."""
        self._require_host()
        try:
            os.write(self._function.endpoints[1], reply)
        except OSError as error:
            raise WireGoneError(f"the host is gone: {error.strerror}") from error

    def linger(self) -> None:
        """Let the client see its last transfer through: else it reports a failed status read."""
        time.sleep(_LINGER_S)

    def cut(self) -> None:
        """Pull the plug."""
        self._unplug()

    def _read(self, view: memoryview) -> int:
        self._require_host()
        try:
            return os.readv(self._function.endpoints[0], [view])
        except OSError as error:
            raise WireGoneError(f"the host is gone: {error.strerror}") from error

    def _require_host(self) -> None:
        """Who was away during a pause must not go on with the next host where it left the last."""
        if self._hosts.visit != self._visit:
            raise WireGoneError("the host went away")
