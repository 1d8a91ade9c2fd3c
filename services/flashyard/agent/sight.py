"""What has been seen of one device: is it there, and who does it say it is?

It is told of looks, jobs and old records; it does not look itself.
"""

from __future__ import annotations

from flashyard.contract.faults import TABLE, Code, Fault, fault
from flashyard.contract.records import Device
from flashyard.flash.target import Description

# After these it is open whether the device still answers.
BREAKS = frozenset(
    {
        Code.USB_UNPLUGGED,
        Code.LINK_LOST,
        Code.DEVICE_SILENT,
        Code.PROTOCOL_ERROR,
        Code.TIMED_OUT,
        Code.DEVICE_MISMATCH,
        Code.NOT_BOOTED,
    }
)


class Sight:
    """The state of one device's presence.

    Attributes:
        online: it has not been missed too often.
        answering: it answered when it was last spoken to; not so after a restart or a broken link.
        last_seen: Unix ms.
        description: what it told of itself.
        trouble: why it did not answer when it was spoken to last.
        objection: why it must not be written as it is, though it is there.
        remembered: its record from an earlier run of the hub.
    """

    def __init__(self, since: int, patience: int) -> None:
        self.online = False
        self.answering = False
        self.last_seen = since
        self.description: Description | None = None
        self.trouble: Fault | None = None
        self.objection: Fault | None = None
        self.remembered: Device | None = None
        self._was_seen = False
        self._patience = patience
        self._misses = 0

    def remember(self, device: Device) -> None:
        """Take what an earlier run knew, until the device speaks for itself."""
        self.remembered = device
        if not self._was_seen:
            self.last_seen = device.last_seen

    def saw(
        self, at: int, description: Description | None = None, objection: Fault | None = None
    ) -> None:
        """It answered; with an objection it counts as there, and as not ready for a job."""
        self.online = self._was_seen = True
        self.answering = objection is None
        self.objection = objection
        self.last_seen = at
        self.description = description or self.description
        self._misses = 0
        self.trouble = None

    def missed(self, why: Fault, *, counts: bool) -> None:
        """It did not answer; a look that is made out of turn does not count."""
        self.answering = False
        self.trouble = why
        self.objection = None
        self._misses += counts
        if self._misses >= self._patience:
            self.online = False

    def gone(self) -> None:
        """It was plugged out: no look is needed to know it."""
        self.online = self.answering = False
        self.objection = None

    def lost(self) -> None:
        """It was restarted, or the link to it broke: whether it answers is open."""
        self.answering = False

    @property
    def why(self) -> Fault | None:
        """What keeps it from being flashed now, as far as that was told."""
        return self.trouble or self.objection

    @property
    def missing(self) -> Fault:
        """Why it cannot be had, in its own words where it has any."""
        why = self.why
        if why is None or (why is self.trouble and why.code is not Code.DEVICE_OFFLINE):
            return fault(Code.DEVICE_OFFLINE)
        return why

    @property
    def is_forbidden(self) -> bool:
        """Is there an objection to writing it that does not pass by itself?"""
        return self.objection is not None and not TABLE[self.objection.code].transient

    @property
    def is_emulated(self) -> bool:
        """Is it flashyard's own emulator?"""
        return self.description is not None and self.description.emulated
