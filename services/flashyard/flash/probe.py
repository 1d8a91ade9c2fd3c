"""Is a device there, who is it, and may it be written? For the time when no job is using it."""

from __future__ import annotations

from flashyard.contract.faults import Fault
from flashyard.flash.block.address import DiskAddress
from flashyard.flash.dfu.address import DfuAddress
from flashyard.flash.fastboot.limits import DEFAULT_LIMITS, Limits
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.fastboot.udp import UdpTransport
from flashyard.flash.opening import DeviceAddress
from flashyard.flash.target import Description


def probe(address: Address, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """See whether a device answers, in the way that disturbs it least; return its serial.

    TCP: a session of one question. UDP: a query packet, which aborts nobody's session and tells
    no serial (None).

    Raises:
        FaultError: `link_lost`, `device_silent`, `protocol_error`.
    """
    if address.transport == "udp":
        UdpTransport.is_there(address, limits)
        return None
    with FastbootTarget.open(address, _ignore, limits) as target:
        return target.serial()


def learn(address: DeviceAddress, limits: Limits = DEFAULT_LIMITS) -> Description:
    """Learn all a device tells of itself, at first contact; a disk is not even opened for that.

    Over UDP this begins a session and so aborts any other: not to be done while others may be
    using the device.

    Raises:
        FaultError: as :func:`probe`; on USB `usb_unplugged`, `device_mismatch`, and
            `device_offline` where a drive has no medium.
    """
    if isinstance(address, DiskAddress | DfuAddress):
        return address.describe()
    with FastbootTarget.open(address, _ignore, limits) as target:
        return target.describe()


def objection(address: DeviceAddress) -> Fault | None:
    """Tell what forbids to write a device that is there, for all that is seen from outside."""
    return address.objection() if isinstance(address, DiskAddress) else None


def _ignore(_line: str) -> None:
    """A device that is only asked has nothing to say in anybody's log."""
