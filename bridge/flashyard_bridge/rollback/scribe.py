"""The one who keeps the ledger: sees jobs complete, and takes down what they wrote.

A bridge that was away finds the newest ends in the devices' records; twice is as good as once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import NoReturn

from flashyard.contract.faults import FaultError
from flashyard.contract.messages import FlashCompleted
from flashyard.contract.phases import Status, Verification
from flashyard.contract.records import Device, Job, StartOptions
from flashyard.contract.tracked import Frame
from flashyard_bridge.rollback.ledger import Good
from flashyard_bridge.rollback.places import places_of
from flashyard_bridge.state import BridgeState

EVERY = 10.0  # s; ends may also come to be known without a word, in a device's record
PAUSE = 0.25  # s; the full record follows an end at once

_log = logging.getLogger(__name__)

_GOOD = frozenset({Verification.TRANSPORT, Verification.READBACK, Verification.BOOTED})


class Scribe:
    """Writes for as long as :meth:`run` runs; ``every``: s between two looks at everything."""

    def __init__(self, bridge: BridgeState, *, every: float = EVERY) -> None:
        self._bridge = bridge
        self._every = every
        self._serials: dict[str, str | None] = {}  # by job: of the device it completed on
        self._done: set[str] = set()
        self._ended = asyncio.Event()
        self._is_down = False

    def hear(self, frames: Sequence[Frame]) -> None:
        """Take what became of jobs; never waits."""
        for frame in frames:
            if isinstance(frame.message, FlashCompleted):
                said = frame.message
                self._serials[said.job_id] = self._serial(said.hub_id, said.device_id)
                self._ended.set()

    async def run(self) -> NoReturn:
        """Keep the ledger for ever, from the first picture on."""
        await self._bridge.first_picture.wait()
        while True:
            self._ended.clear()
            await self._go_round()
            try:
                async with asyncio.timeout(self._every):
                    await self._ended.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(PAUSE)

    async def _go_round(self) -> None:
        jobs = self._bridge.fleet.jobs()
        known = {job.job_id for job in jobs}
        self._done &= known
        self._serials = {each: serial for each, serial in self._serials.items() if each in known}
        due = [
            job for job in jobs if job.status is Status.COMPLETED and job.job_id not in self._done
        ]
        try:
            await self._bridge.ledger.note([line for job in due for line in self._lines(job)])
        except FaultError as error:
            if not self._is_down:
                _log.error("what was flashed is not on record: %s", error)
            self._is_down = True
        else:
            self._is_down = False
            self._done |= {job.job_id for job in due}

    def _lines(self, job: Job) -> Iterator[Good]:
        """Make the lines of a completed job; none of what was not checked, or whose place is open.

        Of one that was not seen to complete, the device that is at its place by now may be another.
        """
        serial = self._serials.get(job.job_id)
        if serial is None and self._serial(job.hub_id, job.device_id) == job.device_id:
            serial = job.device_id
        device = self._bridge.fleet.device(job.hub_id, job.device_id)
        if serial is None or device is None or not _is_good(job):
            return
        for partition, place, sha256 in _written(job):
            places = (place,) if place and device.slots else _places(device, job, partition)
            if sha256 is not None and len(places) == 1:
                yield Good(serial, places[0], sha256, job.job_id, job.finished_at or 0)

    def _serial(self, hub_id: str, device_id: str) -> str | None:
        device = self._bridge.fleet.device(hub_id, device_id)
        return device.serial if device else None


def _places(device: Device, job: Job, partition: str) -> tuple[str, ...]:
    """Where it went, by the device's record; that is too old for a slot made active since."""
    slot = job.options.slot if job.options else None
    if device.slots and slot == "inactive":
        return ()
    return places_of(device, partition, slot)


def _is_good(job: Job) -> bool:
    """Was it checked as far as was asked, and at least as far as the device's own word?"""
    asked = (job.options or StartOptions()).verify
    wanted = {Verification(asked)} if asked in {"readback", "booted"} else _GOOD
    return job.verification in wanted


def _written(job: Job) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield each partition, the device's own name of it where told, and its image's SHA-256."""
    whole = job.image.sha256 if job.image else None
    if not job.steps:
        yield job.partition, None, whole
    for step in job.steps:
        yield step.partition, step.place, step.image or whole
