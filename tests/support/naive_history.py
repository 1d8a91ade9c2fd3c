"""Ended jobs found the plain way, each of them looked at; and random ones, and random questions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import ImageRef, StepRecord
from flashyard_bridge.history.past import Past, ended_at
from flashyard_bridge.history.sought import FOREVER, Place, Sought, Trait, words_of
from support.records import ENDED, ended_job, record_of

# Of what others say: letters of two cases, of two bytes, of two that fold to one, and marks that
# mean something to a database.
_SYLLABLES = [
    *"aAbBzZ019_%-.'\"*\\ßÉé \n",
    "Pixel",
    "pixel 6",
    "boot",
    "STRASSE",
    "straße",
    "\x00x",
]
_DEVICES = [f"UNIT_{number}" for number in range(4)]
_PARTITIONS = ("boot", "system", "Boot.2")
_IMAGES = [
    ImageRef(sha256=digit * 64, name=name, size=1)
    for digit, name in (("a", "Boot-2026.img"), ("b", "system.img"), ("c", "a_b.img"))
]
_HOUR = 3_600_000


def newest(pasts: Iterable[Past], sought: Sought, before: Place | None = None) -> list[str]:
    """The ids of those that are sought, of those behind a place, the newest first."""
    meant = sorted((place(past) for past in pasts if is_meant(past, sought)), reverse=True)
    return [job_id for at, job_id in meant if before is None or (at, job_id) < before]


def place(past: Past) -> Place:
    return ended_at(past.record.job), past.record.job_id


def is_meant(past: Past, sought: Sought) -> bool:
    at = ended_at(past.record.job)
    return (
        sought.since <= at < sought.until
        and set(sought.traits) <= set(_traits(past))
        and all(any(word in said for said in _said(past)) for word in sought.words)
    )


def random_pasts(chance: Random, numbers: Iterable[int]) -> list[Past]:
    """Make some, many of which end at the same time."""
    return [_past(chance, number) for number in numbers]


def random_sought(chance: Random, pasts: list[Past]) -> Sought:
    """Ask for something, mostly for what at least one job has."""
    past = chance.choice(pasts)
    record, job = past.record, past.record.job
    asked: dict[str, Any] = {
        "device_id": job.device_id,
        "serial": record.serial,
        "hub_id": job.hub_id,
        "port": record.port,
        "status": job.status.value,
        "code": job.code and job.code.value,
        "partition": chance.choice([step.partition for step in job.steps] or [job.partition]),
        "image": chance.choice([None, *_images(past)]),
    }
    kept = {name: asked[name] for name in chance.sample(sorted(asked), chance.choice((0, 0, 1, 2)))}
    times = sorted(place(chance.choice(pasts))[0] + chance.choice((0, 1)) for _ in range(2))
    since = chance.choice((0, 0, times[0]))
    until = chance.choice((FOREVER, FOREVER, times[1]))
    said = chance.choice([*_said(past)])
    first = chance.randrange(len(said))
    part = said[first : first + chance.choice((1, 2, 3, 4, 9))]
    words = words_of(chance.choice(("", "", part, f"{part} {_text(chance)}", _text(chance))))
    return Sought(**kept, since=since, until=until, words=words)


def _past(chance: Random, number: int) -> Past:
    at = ENDED + chance.randrange(4) * 30 * _HOUR + chance.choice((0, 0, 1, 5 * _HOUR))
    status = chance.choice((Status.COMPLETED, Status.COMPLETED, Status.FAILED, Status.CANCELLED))
    image = chance.choice(("a" * 64, "b" * 64, None))
    steps = tuple(
        StepRecord(partition=name, status=status, bytes=1, image=image)
        for name in chance.sample(_PARTITIONS, chance.randrange(3))
    )
    device_id = chance.choice(_DEVICES)
    job = ended_job(number).with_(
        device_id=device_id,
        device_name=chance.choice((device_id, _text(chance))),
        hub_id=chance.choice(("hub-1", "hub-2")),
        partition=steps[0].partition if steps else chance.choice(_PARTITIONS),
        steps=steps,
        status=status,
        phase=Phase(status.value),
        queued_at=at,
        started_at=at,
        finished_at=chance.choice((at, at, None)),
        image=chance.choice((*_IMAGES, None)),
        error=None if status is Status.COMPLETED else _text(chance),
        code=chance.choice((Code.LINK_LOST, Code.DEVICE_SILENT))
        if status is Status.FAILED
        else None,
    )
    serial = chance.choice((None, job.device_id, _text(chance)))
    record = record_of(job, port=chance.choice((None, "usb:1-1", "usb:1-2")), serial=serial)
    return Past(record, chance.choice(("hub", "bridge")), at)


def _text(chance: Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(chance.randrange(1, 5)))


def _traits(past: Past) -> Iterator[Trait]:
    record, job = past.record, past.record.job
    had: dict[str, Any] = {
        "device": job.device_id,
        "serial": record.serial,
        "port": record.port,
        "code": job.code,
        "hub": job.hub_id,
        "status": job.status,
    }
    yield from (Trait(kind, value) for kind, value in had.items() if value is not None)
    yield from (Trait("partition", name) for name in _partitions(past))
    yield from (Trait("image", sha256) for sha256 in _images(past))


def _partitions(past: Past) -> list[str]:
    job = past.record.job
    return [step.partition for step in job.steps] or [job.partition]


def _images(past: Past) -> list[str]:
    job = past.record.job
    own = [job.image.sha256] if job.image else []
    return [step.image for step in job.steps if step.image] or own


def _said(past: Past) -> Iterator[str]:
    record, job = past.record, past.record.job
    name = job.image.name if job.image else None
    said = (job.job_id, job.device_id, job.device_name, record.serial, name, job.error)
    for each in (*said, *_partitions(past)):
        if each:
            yield each.replace("\x00", "�").casefold()
