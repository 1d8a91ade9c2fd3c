"""A device's record on display: published when something changed, and again as it ages.

It knows what is on it, not how it came about.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from flashyard.agent.docket import Docket
from flashyard.agent.dossier import Dossier
from flashyard.agent.gear import Gear
from flashyard.agent.ghosts import Ghost
from flashyard.agent.ports import Port
from flashyard.agent.records.course import Subject
from flashyard.agent.sight import Sight
from flashyard.agent.story import Story
from flashyard.contract.faults import Code, refuse
from flashyard.contract.records import MAX_RECENT, RecentEntry


class Board:
    """The retained record of one device."""

    def __init__(self, port: Port, gear: Gear, sight: Sight, docket: Docket) -> None:
        self._port = port
        self._device_id = port.device_id
        self._gear = gear
        self._clock = gear.teller.clock
        self._sight = sight
        self._docket = docket
        self._recent: deque[RecentEntry] = deque(maxlen=MAX_RECENT)
        self._dossier = Dossier(port, gear.teller.hub_id, gear.session)
        self._published_at = self._clock.monotonic()

    @property
    def device_name(self) -> str:
        """What people call the device."""
        return self._dossier.name(self._sight)

    @property
    def serial(self) -> str:
        """What its record says of its serial."""
        return self._dossier.serial(self._sight)

    @property
    def subject(self) -> Subject:
        """Where a job of the device goes to, as far as that is known now."""
        return self._dossier.subject(self._sight)

    def check_serial(self, wanted: str | None) -> None:
        """Refuse to give another device what was meant for the one that was there before.

        Raises:
            FaultError: `device_mismatch`.
        """
        if wanted not in {None, self.serial}:
            details = f"wanted {wanted}, found {self.serial}"
            raise refuse(Code.DEVICE_MISMATCH, details=details)

    def publish(self) -> None:
        """Publish the record as it is now; that of a device unseen for a week is removed."""
        post = self._gear.teller.post
        self._published_at = self._clock.monotonic()
        unseen = self._clock.now() - self._sight.last_seen
        there = self._sight.online or self._docket
        if not there and unseen > self._gear.timing.forget_device * 1000:
            post.clear(self._device_id)
            return
        at = self._clock.stamp()
        current, queue = self._docket.current, self._docket.queue
        said = self._dossier.build(
            at,
            self._sight,
            current,
            queue,
            self._recent,
            bandwidth_limit=self._gear.bandwidth.of_device(self._device_id),
            quarantine=self._gear.quarantines.at(self._port.place),
        )
        post.device(said)

    def put_away(self, story: Story) -> None:
        """Note an ended job among the recent ones."""
        self._recent.append(story.recent())
        self._gear.ended[story.job.job_id] = story.job.status

    def restore(self, recent: Iterable[RecentEntry]) -> None:
        """Take the ended jobs that an earlier run of the hub wrote down, oldest first."""
        self._recent.extend(recent)

    def adopt(self, ghost: Ghost) -> None:
        """Take over what an earlier run of the hub left of this device."""
        known = {entry.job_id for entry in self._recent}
        older = [entry for entry in ghost.recent if entry.job_id not in known]
        self._recent = deque([*older, *self._recent], maxlen=MAX_RECENT)
        self._sight.remember(ghost.device)
        for entry in older:
            self._gear.ended[entry.job_id] = entry.status

    async def keep_fresh(self) -> None:
        """Repeat the record: soon while a job runs, and now and then for `lastSeen`."""
        timing = self._gear.timing
        while True:
            age = self._clock.monotonic() - self._published_at
            if age >= (timing.repeat_record if self._docket.current else timing.refresh_record):
                self.publish()
            await asyncio.sleep(timing.repeat_record / 10)
