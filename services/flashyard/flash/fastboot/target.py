"""Android fastboot as a :class:`~flashyard.flash.target.Target`: which commands do what."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Self, TypeAlias

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.fastboot import variables
from flashyard.flash.fastboot.client import Client
from flashyard.flash.fastboot.fetching import Fetching
from flashyard.flash.fastboot.limits import DEFAULT_DOWNLOAD, DEFAULT_LIMITS, Limits
from flashyard.flash.fastboot.partitions import Partitions
from flashyard.flash.fastboot.tcp import TcpTransport
from flashyard.flash.fastboot.transport import Address, Transport
from flashyard.flash.fastboot.udp import UdpTransport
from flashyard.flash.fastboot.usb import UsbAddress, UsbTransport
from flashyard.flash.recordings.folder import recorded
from flashyard.flash.source import MAX_DOWNLOAD, Part, Source
from flashyard.flash.target import Capability, Description, Mode, Place, Taken, Tell, unable

AnyAddress: TypeAlias = Address | UsbAddress

_LOG = logging.getLogger(__name__)
_MAX_VARIABLES = 4096  # lines of `getvar:all` that are kept
_RESTARTS: dict[Mode, str] = {"fastboot": "reboot-bootloader", "fastbootd": "reboot-fastboot"}
CAPABILITIES = frozenset(
    {
        Capability.ERASE,
        Capability.ACTIVATE,
        Capability.REBOOT,
        Capability.BREAK_OFF,
        Capability.TAKES_UP,
    }
)


class FastbootTarget:
    """One fastboot session; meets :class:`Target`. Lines the device says go to ``tell``."""

    def __init__(self, transport: Transport, tell: Tell, limits: Limits = DEFAULT_LIMITS) -> None:
        self._transport = transport
        self._client = Client(transport, tell, limits)
        self._limits = limits
        self._table: dict[str, str] | None = None
        self._places = Partitions(self._client.getvar, self._everything)
        self._fetching: Fetching | None = None  # known once it was described

    @classmethod
    def open(cls, address: AnyAddress, tell: Tell, limits: Limits = DEFAULT_LIMITS) -> Self:
        """Connect to a device; raises what the transports raise."""
        serial = address.serial if isinstance(address, UsbAddress) else None
        transport = recorded(
            _connect(address, limits), str(address), address.transport, limits, serial
        )
        return cls(transport, tell, limits)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All it can; over USB no end of a session drops a download, and few can be read."""
        unable = set() if self._transport.breaks_off else {Capability.BREAK_OFF}
        return (CAPABILITIES - unable) | ({Capability.READ_BACK} if self._fetching else set())

    @property
    def bootloader(self) -> Self:
        """Itself."""
        return self

    def ask(self, variable: str) -> str | None:
        """Ask for a variable; a FAIL or nothing at all is None."""
        return self._client.getvar(variable)

    def serial(self) -> str | None:
        """Ask for the serial number alone."""
        return self._client.getvar("serialno")

    def describe(self) -> Description:
        """Ask for everything, one by one: `getvar:all` alone is not told by every bootloader."""
        ask = self._client.getvar
        current = variables.slot_letter(ask("current-slot"))
        count = variables.number(ask("slot-count")) or 0
        emulated = ask("flashyard-emulator") == "1"
        self._fetching = Fetching.offered(self._client, self._limits)
        return Description(
            product=ask("product"),
            serial=self.serial(),
            version=ask("version-bootloader"),
            mode="fastbootd" if variables.flag(ask("is-userspace")) else "fastboot",
            slots=tuple("abcdefgh"[:count]),
            current_slot=current,
            max_download_size=self._max_download_size(),
            locked=_is_locked(ask),
            battery_mv=variables.number((ask("battery-voltage") or "").lower().removesuffix("mv")),
            battery_ok=variables.flag(ask("battery-soc-ok")),
            emulated=emulated,
            partitions=self._places.sizes,
            name=ask("flashyard-name") if emulated else None,
        )

    def _max_download_size(self) -> int:
        told = self._client.getvar("max-download-size")
        size = variables.number(told)
        if not size:
            _LOG.warning("max-download-size is %r; assuming %d bytes", told, DEFAULT_DOWNLOAD)
            return DEFAULT_DOWNLOAD
        return min(size, MAX_DOWNLOAD)

    def _everything(self) -> dict[str, str]:
        """Read `getvar:all` once per session; empty where the device does not tell."""
        if self._table is None:
            lines: list[str] = []

            def keep(line: str) -> None:
                if len(lines) < _MAX_VARIABLES:
                    lines.append(line)

            try:
                limits = self._limits
                self._client.command("getvar:all", limits.getvar, keep, limits.question)
            except FaultError as refusal:
                if refusal.fault.code is not Code.DEVICE_REFUSED:
                    raise
            self._table = variables.table(lines)
        return self._table

    def locate(self, partition: str, slot: str | None) -> Place:
        """Find a partition; raises as :meth:`Partitions.locate`."""
        return self._places.locate(partition, slot)

    def admit(self, place: Place, source: Source) -> None:
        """Leave it to the device to judge what it is sent."""

    def try_reading(self, place: Place) -> None:
        """Fetch a little of it; raises `not_supported` where the device lets none be read."""
        if self._fetching is None:
            raise unable(Capability.READ_BACK, place)
        self._fetching.try_out(place)

    def erase(self, place: Place) -> None:
        """Erase a partition."""
        self._client.command(f"erase:{place.name}", self._limits.erase)

    def resize(self, place: Place, size: int) -> None:
        """Resize a logical partition."""
        self._client.command(f"resize-logical-partition:{place.name}:{size}", self._limits.flash)

    def take_up(self, _place: Place, _parts: Iterator[Part]) -> None:
        """Do nothing: each part says itself where it belongs."""

    def send(self, part: Part) -> Iterator[Taken]:
        """Download a part into the device's memory."""
        return self._client.download(part.size, part.buffers())

    def commit(self, place: Place, part: Part) -> None:
        """Flash what was downloaded; the device may take its time for what a FILL expands to."""
        wait = self._limits.flash_wait(max(part.size, part.content))
        self._client.command(f"flash:{place.name}", wait)

    def sync(self, place: Place) -> None:
        """Refuse: a device says OKAY when it has written, and nothing of its medium."""
        raise unable(Capability.SYNC, place)

    def compare(self, place: Place, part: Part) -> Iterator[Taken]:
        """Fetch what was written and compare, where the device lets itself be read."""
        if self._fetching is None:
            raise unable(Capability.READ_BACK, place)
        return self._fetching.compare(place, part)

    def set_active(self, slot: str) -> None:
        """Make a slot the active one."""
        self._client.command(f"set_active:{slot}", self._limits.reboot)

    def reboot(self) -> None:
        """Restart into the system; done once the device says OKAY."""
        self._client.command("reboot", self._limits.reboot)

    def restart_into(self, mode: Mode) -> None:
        """Restart into the bootloader or into fastbootd; done once the device says OKAY."""
        self._client.command(_RESTARTS[mode], self._limits.reboot)

    def update_super(self, wipe: bool) -> None:  # noqa: FBT001 - the command's own choice
        """Lay out the logical partitions anew, as AOSP does."""
        how = ":wipe" if wipe else ""
        self._client.command(f"update-super:{self._places.super_name}{how}", self._limits.erase)

    def has_left(self, wait: float) -> bool:
        """Wait for the session to break, which a device that restarts has it do."""
        try:
            self._transport.receive(wait)
        except FaultError as broken:
            return broken.fault.code is not Code.DEVICE_SILENT
        return False

    def close(self) -> None:
        """Close the session."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _connect(address: AnyAddress, limits: Limits) -> Transport:
    if isinstance(address, UsbAddress):
        return UsbTransport.connect(address, limits)
    if address.transport == "tcp":
        return TcpTransport.connect(address, limits)
    return UdpTransport.connect(address, limits)


def _is_locked(ask: Callable[[str], str | None]) -> bool | None:
    """AOSP's variable; where it is not told, the one some Qualcomm bootloaders have instead."""
    unlocked = variables.flag(ask("unlocked"))
    if unlocked is None:
        return {"locked": True, "unlocked": False}.get((ask("device-state") or "").lower())
    return not unlocked
