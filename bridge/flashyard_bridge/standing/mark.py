"""What a standing order did with one serial, and what may come next. Pure.

(nothing) → running → flashed           for good
                    → failed → running  once the device was plugged in anew, a few times
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from flashyard.contract.records import Device

# A device that fails and starts itself anew looks as if it was plugged in anew; this ends it.
MAX_TRIES = 3


class State(StrEnum):
    """How far it came."""

    RUNNING = "running"
    FLASHED = "flashed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Mark:
    """One serial under one standing order.

    Attributes:
        serial: the device's own.
        state: how far it came.
        hub_id: where it was last tried.
        device_id: what it was called there.
        session: the hub's, when the device was last seen there.
        tries: how often it was tried, this time included.
        at: Unix ms of the last change of its state.
        job_id: the newest job; None where none could be ordered.
        unplugged: it failed, and was seen to be gone since.
        code: why it failed.
        error: the same as a sentence.
    """

    serial: str
    state: State
    hub_id: str
    device_id: str
    session: str
    tries: int
    at: int
    job_id: str | None = None
    unplugged: bool = False
    code: str | None = None
    error: str | None = None

    @property
    def is_spent(self) -> bool:
        """Has it failed so often that it is not tried again?"""
        return self.state is State.FAILED and self.tries >= MAX_TRIES

    def may_try_again(self, device: Device) -> bool:
        """Did it fail, and was the device plugged in anew since?"""
        if self.state is not State.FAILED or self.is_spent:
            return False
        if device.hub_id != self.hub_id:
            return device.online  # somebody carried it there
        return self.unplugged and device.session == self.session

    def seen(self, device: Device) -> Mark:
        """Take what its hub, which is online, says of the device now.

        A hub that comes back tells its devices as gone until it has looked, so a device is plugged
        out only where the same run of the hub has seen it before; and one that is there after the
        hub was away was there all the time, for all that is known.
        """
        if self.state is not State.FAILED or device.hub_id != self.hub_id:
            return self
        if device.session == self.session:
            return self if device.online else replace(self, unplugged=True)
        return replace(self, session=device.session, unplugged=False) if device.online else self
