"""One emulated device, switched on: its state, its ports and its storage put together.

Knows no protocol detail.
"""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Self

from flashyard.flash.emulator.device import Device
from flashyard.flash.emulator.media import Media
from flashyard.flash.emulator.profile import Profile
from flashyard.flash.emulator.session import Session
from flashyard.flash.emulator.tcp import Address, TcpPort
from flashyard.flash.emulator.throttle import open_throttle
from flashyard.flash.emulator.wire import Wire

_LEAST_BUFFER = 16 << 10
_MOST_BUFFER = 1 << 20


class EmulatedDevice:
    """A device that answers at its addresses between entering and leaving the context.

    Args:
        profile: what it is.
        out: the directory its own one is in; not touched by a discarding device.
        tcp: where to listen, or None; port 0 takes a free one.

    Attributes:
        device: its state, for whoever wants to look (under its lock).
    """

    def __init__(self, profile: Profile, out: Path, *, tcp: Address | None = None) -> None:
        self._media = Media(None if profile.discard else out / profile.serial)
        self._off = Event()
        self.profile = profile
        self.device = Device(profile, self._media)
        self._throttle = open_throttle(profile.link_speed, self._off.wait)
        self._tcp = TcpPort(tcp, self._serve, _receive_buffer(profile)) if tcp else None

    def __enter__(self) -> Self:
        """Switch on; raises OSError where an address is taken."""
        self._media.clean()
        if self._tcp:
            self._tcp.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._off.set()
        if self._tcp:
            self._tcp.close()

    @property
    def tcp_address(self) -> Address:
        """Where it listens for TCP hosts."""
        if self._tcp is None:
            raise LookupError("The device has no TCP port.")
        return self._tcp.address

    def partition_file(self, name: str) -> Path:
        """Where the content of a partition, given by full or bare name, lies once flashed."""
        with self.device.lock:
            return self._media.path(self.device.partition(name))

    def _serve(self, wire: Wire) -> None:
        Session(self.device, wire, self._throttle, self._off.wait, self._restart).run()

    def _restart(self) -> None:
        if self._tcp:
            self._tcp.restart(self.profile.boot_s)


def _receive_buffer(profile: Profile) -> int | None:
    """A slow link must not look fast to its host for as long as the kernel has room."""
    if profile.link_speed is None:
        return None
    return max(_LEAST_BUFFER, min(_MOST_BUFFER, profile.link_speed // 20))
