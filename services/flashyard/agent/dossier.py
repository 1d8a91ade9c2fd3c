"""A device's retained record as it is built: numbered, and kept within its size.

It knows what a record says, not when one is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flashyard.agent.ports import Port
from flashyard.agent.records.course import Subject
from flashyard.agent.sight import Sight
from flashyard.agent.story import Story
from flashyard.contract.messages import DeviceChanged
from flashyard.contract.records import MAX_RECORD, CurrentJob, Device, RecentEntry
from flashyard.contract.troubles import Quarantine
from flashyard.flash.target import Description

_TRAITS = ("serial", "product", "mode", "emulated", "slots", "current_slot", "partitions")
_SHORT_NAME = 24  # characters that are left of a name where names alone fill a record
_SHORT_SENTENCE = 200
_MAX_PARTITIONS = 256
_LONGEST_PARTITION = 40
_LONGEST_NAME = 200
_LARGEST = 2**53 - 1


class Dossier:
    """Makes the records of one device; ``session`` is that of this run of the hub."""

    def __init__(self, port: Port, hub_id: str, session: str) -> None:
        self._port = port
        self._hub_id = hub_id
        self._session = session
        self._rev = 0

    def name(self, sight: Sight) -> str:
        """What people call the device: what it says, else its id."""
        if sight.description is not None:
            return _short(sight.description.name) or self._port.device_id
        return sight.remembered.device_name if sight.remembered else self._port.device_id

    def serial(self, sight: Sight) -> str:
        """What tells the device from others: its own word, else its id."""
        return str(self._traits(sight)["serial"])

    def subject(self, sight: Sight) -> Subject:
        """Tell which device it is, and where, for the records of its jobs."""
        traits = self._traits(sight)
        return Subject(
            port=str(self._port.address),
            serial=traits["serial"],
            product=traits.get("product"),
            emulated=traits["emulated"],
        )

    def build(
        self,
        at: int,
        sight: Sight,
        current: Story | None,
        queue: Iterable[Story],
        recent: Sequence[RecentEntry],
        *,
        bandwidth_limit: int | None = None,
        quarantine: Quarantine | None = None,
    ) -> DeviceChanged:
        """Make the next record, at most 60 KiB; ``recent`` has its oldest entry first."""
        self._rev += 1
        device = Device(
            device_id=self._port.device_id,
            device_name=self.name(sight),
            hub_id=self._hub_id,
            session=self._session,
            rev=self._rev,
            port=str(self._port.address),
            transport=self._port.address.transport,
            # After a restart of the hub there is a job before anything is known of its device.
            online=sight.online or (current is not None and sight.description is not None),
            last_seen=sight.last_seen,
            quarantine=quarantine,
            current_job=current.current() if current else None,
            queue=tuple(story.waiting() for story in queue),
            recent=tuple(recent),
            bandwidth_limit=bandwidth_limit,
            **self._traits(sight),
        )
        said = DeviceChanged(
            device_id=device.device_id, hub_id=self._hub_id, timestamp=at, device=device
        )
        return _within_size(said)

    def _traits(self, sight: Sight) -> dict[str, Any]:
        told, old, reading = sight.description, sight.remembered, self._port.reading
        traits: dict[str, Any] = {"mode": "unknown", "emulated": False}
        if told is not None:
            traits = {
                "serial": _short(told.serial),
                "product": _short(told.product),
                "mode": told.mode,
                "emulated": told.emulated,
                "slots": told.slots,
                "current_slot": told.current_slot,
                "partitions": _sizes(told),
            }
        elif old is not None:
            traits = {name: getattr(old, name) for name in _TRAITS}
        if reading is not None and (told is None or not self._port.is_flashable):
            traits |= {"mode": reading.mode, "mode_confidence": reading.confidence}
        if reading is not None:
            traits["hint"] = reading.hint
        if self._port.is_flashable and self._port.plugged and (why := sight.why):
            traits["hint"] = f"{why.sentence} {why.hint or ''}".strip()
        plugged = self._port.plugged
        if plugged is not None:
            traits["serial"] = traits.get("serial") or _short(plugged.serial)
            traits["product"] = traits.get("product") or _short(plugged.model)
        traits["serial"] = traits.get("serial") or self._port.device_id
        return traits


def _sizes(told: Description) -> dict[str, int] | None:
    """Keep what is plausible: the words of a device are only words."""
    sizes = {
        name: size
        for name, size in told.partitions.items()
        if size is not None and 0 <= size <= _LARGEST and len(name) <= _LONGEST_PARTITION
    }
    return dict(list(sizes.items())[:_MAX_PARTITIONS]) or None


def _short(told: str | None) -> str | None:
    return told[:_LONGEST_NAME] if told else None


def _within_size(said: DeviceChanged) -> DeviceChanged:
    """Leave out what can be spared: the oldest ended jobs, then partitions, then long words."""
    while len(said.encode()) > MAX_RECORD and said.device.recent:
        said = said.with_(device=said.device.with_(recent=said.device.recent[1:]))
    if len(said.encode()) > MAX_RECORD:
        queue = tuple(
            entry.with_(
                device_name=entry.device_name and entry.device_name[:_SHORT_NAME],
                image=entry.image and entry.image.with_(name=entry.image.name[:_SHORT_NAME]),
                rollback=entry.rollback and entry.rollback.with_(plan=None),
            )
            for entry in said.device.queue
        )
        current = said.device.current_job and _terse(said.device.current_job)
        hint = said.device.hint and said.device.hint[:_SHORT_SENTENCE]
        spared = {"queue": queue, "partitions": None, "current_job": current, "hint": hint}
        said = said.with_(device=said.device.with_(**spared))
    return said


def _terse(job: CurrentJob) -> CurrentJob:
    """Cut the sentences of a job that runs, and the names in it."""
    return job.with_(
        device_name=job.device_name[:_SHORT_NAME],
        stage=job.stage[:_SHORT_NAME],
        image=job.image and job.image.with_(name=job.image.name[:_SHORT_NAME]),
        rollback=job.rollback and job.rollback.with_(plan=None),
        steps=tuple(step.with_(place=None) for step in job.steps),
        **{
            name: told[:_SHORT_SENTENCE]
            for name in ("device_state", "error", "hint", "details")
            if (told := getattr(job, name))
        },
    )
