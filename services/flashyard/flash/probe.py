"""Is a device there, and who is it? For the time when no job is using it."""

from __future__ import annotations

from flashyard.flash.fastboot.limits import DEFAULT_LIMITS, Limits
from flashyard.flash.fastboot.target import AnyAddress, FastbootTarget
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.fastboot.udp import UdpTransport
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


def learn(address: AnyAddress, limits: Limits = DEFAULT_LIMITS) -> Description:
    """Learn all a device tells of itself, at first contact.

    Over UDP this begins a session and so aborts any other: not to be done while others may be
    using the device. Raises as :func:`probe`.
    """
    with FastbootTarget.open(address, _ignore, limits) as target:
        return target.describe()


def _ignore(_line: str) -> None:
    """A device that is only asked has nothing to say in anybody's log."""
