"""Android fastboot as a :class:`~flashyard.flash.target.Target`: which commands do what."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Self, TypeAlias

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.fastboot import variables
from flashyard.flash.fastboot.client import Client
from flashyard.flash.fastboot.limits import DEFAULT_DOWNLOAD, DEFAULT_LIMITS, Limits
from flashyard.flash.fastboot.tcp import TcpTransport
from flashyard.flash.fastboot.transport import Address, Transport
from flashyard.flash.fastboot.udp import UdpTransport
from flashyard.flash.fastboot.usb import UsbAddress, UsbTransport
from flashyard.flash.source import MAX_DOWNLOAD, Part, Source
from flashyard.flash.target import Capability, Description, Place, Taken, Tell, unable

AnyAddress: TypeAlias = Address | UsbAddress

_LOG = logging.getLogger(__name__)
_MAX_VARIABLES = 4096  # lines of `getvar:all` that are kept
# A bootloader that tells this one's size tells everyone's. Old ones tell only what they can format.
_TELLTALE = "boot"
CAPABILITIES = frozenset(
    {Capability.ERASE, Capability.ACTIVATE, Capability.REBOOT, Capability.BREAK_OFF}
)


class FastbootTarget:
    """One fastboot session; meets :class:`Target`. Lines the device says go to ``tell``."""

    def __init__(self, transport: Transport, tell: Tell, limits: Limits = DEFAULT_LIMITS) -> None:
        self._transport = transport
        self._client = Client(transport, tell, limits)
        self._limits = limits
        self._table: dict[str, str] | None = None

    @classmethod
    def open(cls, address: AnyAddress, tell: Tell, limits: Limits = DEFAULT_LIMITS) -> Self:
        """Connect to a device; raises what the transports raise."""
        return cls(_connect(address, limits), tell, limits)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """All it can; over USB no end of a session drops a download."""
        return CAPABILITIES if self._transport.breaks_off else CAPABILITIES - {Capability.BREAK_OFF}

    def serial(self) -> str | None:
        """Ask for the serial number alone."""
        return self._client.getvar("serialno")

    def describe(self) -> Description:
        """Ask for everything, one by one: `getvar:all` alone is not told by every bootloader."""
        ask = self._client.getvar
        current = variables.slot_letter(ask("current-slot"))
        count = variables.number(ask("slot-count")) or 0
        emulated = ask("flashyard-emulator") == "1"
        return Description(
            product=ask("product"),
            serial=self.serial(),
            version=ask("version-bootloader"),
            mode="fastbootd" if variables.flag(ask("is-userspace")) else "fastboot",
            slots=tuple("abcdefgh"[:count]),
            current_slot=current,
            max_download_size=self._max_download_size(),
            locked=_negated(variables.flag(ask("unlocked"))),
            battery_mv=variables.number((ask("battery-voltage") or "").lower().removesuffix("mv")),
            battery_ok=variables.flag(ask("battery-soc-ok")),
            emulated=emulated,
            partitions=self._partitions(),
            name=ask("flashyard-name") if emulated else None,
        )

    def _max_download_size(self) -> int:
        told = self._client.getvar("max-download-size")
        size = variables.number(told)
        if not size:
            _LOG.warning("max-download-size is %r; assuming %d bytes", told, DEFAULT_DOWNLOAD)
            return DEFAULT_DOWNLOAD
        return min(size, MAX_DOWNLOAD)

    def _partitions(self) -> dict[str, int | None]:
        prefix = "partition-size:"
        return {
            name.removeprefix(prefix): variables.number(value)
            for name, value in self._everything().items()
            if name.startswith(prefix)
        }

    def _everything(self) -> dict[str, str]:
        """Read `getvar:all` once per session; empty where the device does not tell."""
        if self._table is None:
            lines: list[str] = []

            def keep(line: str) -> None:
                if len(lines) < _MAX_VARIABLES:
                    lines.append(line)

            try:
                self._client.command("getvar:all", self._limits.getvar, keep)
            except FaultError as refusal:
                if refusal.fault.code is not Code.DEVICE_REFUSED:
                    raise
            self._table = variables.table(lines)
        return self._table

    def locate(self, partition: str, slot: str | None) -> Place:
        """Find a partition as AOSP does: where it has slots, its name takes a slot's letter.

        Raises:
            FaultError: `unknown_partition` where the device tells of its partitions and not of
                this one; `protocol_error` where it hides which slot is active.
        """
        name = partition
        slotted = variables.flag(self._client.getvar(f"has-slot:{partition}"))
        if slotted:
            letter = slot or variables.slot_letter(self._client.getvar("current-slot"))
            if letter is None:
                raise refuse(
                    Code.PROTOCOL_ERROR,
                    f"The device has slots for {partition} but does not tell which is active.",
                    hint="Name the slot: a or b.",
                )
            name = f"{partition}_{letter}"
        size = variables.number(self._client.getvar(f"partition-size:{name}"))
        if size is None and not slotted and self._tells_all() and name not in self._partitions():
            raise refuse(Code.UNKNOWN_PARTITION, f"The device has no partition {partition}.")
        logical = variables.flag(self._client.getvar(f"is-logical:{name}"))
        # Only a logical partition can really have no bytes; elsewhere 0 means "not told".
        return Place(name, size if logical else size or None, resizable=bool(logical))

    def _tells_all(self) -> bool:
        return any(name.split("_")[0] == _TELLTALE for name in self._partitions())

    def admit(self, place: Place, source: Source) -> None:
        """Leave it to the device to judge what it is sent."""

    def erase(self, place: Place) -> None:
        """Erase a partition."""
        self._client.command(f"erase:{place.name}", self._limits.erase)

    def resize(self, place: Place, size: int) -> None:
        """Resize a logical partition."""
        self._client.command(f"resize-logical-partition:{place.name}:{size}", self._limits.flash)

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

    def compare(self, place: Place, _part: Part) -> Iterator[Taken]:
        """Refuse: bootloaders let nothing be read."""
        raise unable(Capability.READ_BACK, place)

    def set_active(self, slot: str) -> None:
        """Make a slot the active one."""
        self._client.command(f"set_active:{slot}", self._limits.reboot)

    def reboot(self) -> None:
        """Restart into the system; done once the device says OKAY."""
        self._client.command("reboot", self._limits.reboot)

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


def _negated(answer: bool | None) -> bool | None:  # noqa: FBT001 (it is what it negates)
    return None if answer is None else not answer
