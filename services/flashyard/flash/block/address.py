"""Where on this host's USB a disk is: the station, and which of the disks there it is.

It knows who may be there, and what forbids to write it; the writing is `target`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

from flashyard.contract.faults import Code, Fault, FaultError, refuse
from flashyard.flash.block.permit import permit
from flashyard.flash.block.target import BlockTarget, described
from flashyard.flash.ports.disk import Disk
from flashyard.flash.ports.plugged import Drive
from flashyard.flash.target import Description, Tell
from flashyard.flash.usb.place import UsbPlace


@dataclass(frozen=True, slots=True)
class DiskAddress(UsbPlace):
    """``drive``: what was seen there, and nothing else is opened.

    ``largest``: bytes, over which nothing is written.
    """

    drive: Drive
    largest: int

    def __str__(self) -> str:
        return f"{self.name} lun {self.drive.lun}" if self.drive.lun else self.name

    def open(self, tell: Tell) -> BlockTarget:
        """Open the disk, if it may be written.

        Raises:
            FaultError: `usb_unplugged`, `device_offline` (no medium), `device_mismatch` (another
                device, or another medium, is there now); `not_allowed` (too large); what
                :meth:`BlockTarget.open` raises.
        """
        self._check_station()
        disk = self._disk()
        self._judge_size(disk)
        return BlockTarget.open_disk(disk, tell, self.host.disks)

    def describe(self) -> Description:
        """Tell what the kernel knows of it; nothing is opened.

        Raises:
            FaultError: `device_offline`, `device_mismatch`.
        """
        disk = self._disk()
        return described(disk, disk.size)

    def objection(self) -> Fault | None:
        """Tell why it may not be written as it is now; None: it may, for all that is seen."""
        try:
            disk = self._disk()
            permit(disk, self.host.disks)
            self._judge_size(disk)
        except FaultError as error:
            return error.fault
        return None

    def _judge_size(self, disk: Disk) -> None:
        if disk.size > self.largest:
            raise refuse(
                Code.NOT_ALLOWED,
                "The disk is larger than what this hub writes.",
                hint="If it is not somebody's data: raise the hub's --max-disk.",
                details=f"{disk.size} bytes, --max-disk is {self.largest}",
            )

    def _check_station(self) -> None:
        """Hold what is plugged in now to what was seen there."""
        plugged = self.plugged()
        if plugged.serial != self.serial or self.drive not in plugged.drives:
            found = [plugged.serial, *(drive.name for drive in plugged.drives)]
            raise refuse(
                Code.DEVICE_MISMATCH,
                "Another device or medium is in the port now.",
                details=f"{found} instead of {[self.serial, self.drive.name]}",
            )

    def _disk(self) -> Disk:
        """Find what the kernel made of it, if that is still the same."""
        disk = self.host.disks.disk(self.drive.name) if self.drive.name else None
        if disk is None or disk.number != self.drive.number:
            raise refuse(
                Code.DEVICE_OFFLINE,
                "The kernel has made no disk of it.",
                hint="Wait a moment, or plug it out and in again; `dmesg` may say why.",
            )
        if disk.size == 0:
            raise refuse(
                Code.DEVICE_OFFLINE,
                "There is no medium in the drive.",
                hint="Insert one, then retry.",
            )
        if disk.size != self.drive.size:
            raise refuse(
                Code.DEVICE_MISMATCH,
                "Another medium is in the drive now.",
                details=f"{disk.size} bytes, not {self.drive.size}",
            )
        return disk
