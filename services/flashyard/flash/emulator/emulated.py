"""One emulated device, switched on: its state, its ports and its storage put together.

Knows no protocol detail.
"""

from __future__ import annotations

import errno
from pathlib import Path
from threading import Event
from typing import Self, TypeAlias

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.endpoint import Endpoint
from flashyard.flash.emulator.device import Device, Mode
from flashyard.flash.emulator.functionfs import FunctionFsPort
from flashyard.flash.emulator.media import Media
from flashyard.flash.emulator.profile import Profile
from flashyard.flash.emulator.session import Session
from flashyard.flash.emulator.tcp import Address, TcpPort
from flashyard.flash.emulator.throttle import open_throttle
from flashyard.flash.emulator.udp import UdpPort
from flashyard.flash.emulator.wire import Wire

_Port: TypeAlias = TcpPort | UdpPort | FunctionFsPort

_FOR_GOOD = 365 * 86400.0  # seconds
_LEAST_BUFFER = 16 << 10
_MOST_BUFFER = 1 << 20


class EmulatedDevice:
    """A device that answers at its addresses between entering and leaving the context.

    Args:
        profile: what it is.
        out: the directory its own one is in; not touched by a discarding device.
        tcp: where to listen, or None; port 0 takes a free one.
        udp: where to receive, or None; likewise.
        usb: a FunctionFS mount, and its gadget's directory in configfs where it may be bound.

    Attributes:
        device: its state, for whoever wants to look (under its lock).
    """

    def __init__(
        self,
        profile: Profile,
        out: Path,
        *,
        tcp: Address | None = None,
        udp: Address | None = None,
        usb: tuple[Path, Path | None] | None = None,
    ) -> None:
        self._media = Media(None if profile.discard else out / profile.serial)
        self._off = Event()
        self.profile = profile
        self.device = Device(profile, self._media)
        self._throttle = open_throttle(profile.link_speed, self._off.wait)
        self._tcp = TcpPort(tcp, self._serve, _receive_buffer(profile)) if tcp else None
        self._udp = UdpPort(udp, self._serve) if udp else None
        self._usb = FunctionFsPort(*usb, self._mode, self._serve) if usb else None

    def __enter__(self) -> Self:
        """Switch on.

        Raises:
            FaultError: `port_in_use`, or `invalid_request` where an address is not ours.
        """
        self._media.clean()
        try:
            for port in self._ports():
                _open(port)
        except FaultError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._off.set()
        for port in self._ports():
            port.close()

    @property
    def tcp_address(self) -> Address:
        """Where it listens for TCP hosts."""
        if self._tcp is None:
            raise LookupError("The device has no TCP port.")
        return self._tcp.address

    @property
    def udp_address(self) -> Address:
        """Where it receives from UDP hosts."""
        if self._udp is None:
            raise LookupError("The device has no UDP port.")
        return self._udp.address

    def urls(self) -> list[str]:
        """Where it can be reached, such as `fastboot-tcp://127.0.0.1:40001/SERIAL`."""
        addresses = [("tcp", self._tcp), ("udp", self._udp)]
        network = [
            f"fastboot-{transport}://{Endpoint(*port.address)}/{self.profile.serial}"
            for transport, port in addresses
            if port is not None
        ]
        usb = [f"fastboot-usb:{self._usb.mount}/{self.profile.serial}"] if self._usb else []
        return network + usb

    def partition_file(self, name: str) -> Path:
        """Where the content of a partition, given by full or bare name, lies once flashed."""
        with self.device.lock:
            slot = self.device.slots.current
            return self._media.path(self.device.partitions.resolve(name, slot, anywhere=True))

    def _serve(self, wire: Wire) -> None:
        def restart() -> None:
            down_for = _FOR_GOOD if self.device.is_dead else self.profile.boot_s
            for port in self._ports():
                port.restart(down_for, wire)

        Session(self.device, wire, self._throttle, self._off.wait, restart).run()

    def _mode(self) -> str:
        with self.device.lock:
            return "fastbootd" if self.device.mode is Mode.USERSPACE else "fastboot"

    def _ports(self) -> list[_Port]:
        return [port for port in (self._tcp, self._udp, self._usb) if port is not None]


def _open(port: _Port) -> None:
    if isinstance(port, FunctionFsPort):
        port.open()
        return
    try:
        port.open()
    except OSError as error:
        host, number = port.wanted
        if error.errno == errno.EADDRINUSE:
            raise refuse(
                Code.PORT_IN_USE, f"{Endpoint(host, number)} is already in use."
            ) from error
        raise refuse(
            Code.INVALID_REQUEST,
            f"{Endpoint(host, number)} cannot be listened on: {error.strerror}.",
            hint="Name an address of this machine, such as 127.0.0.1:0.",
        ) from error


def _receive_buffer(profile: Profile) -> int | None:
    """A slow link must not look fast to its host for as long as the kernel has room."""
    if profile.link_speed is None:
        return None
    return max(_LEAST_BUFFER, min(_MOST_BUFFER, profile.link_speed // 80))
