"""Ended jobs of many kinds, and what they come to, counted one by one and by nothing of ours."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from flashyard.contract.faults import Code
from flashyard.contract.phases import Status
from flashyard.contract.records import ImageRef, Job, StepRecord
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.history.past import Past
from flashyard_bridge.history.sought import Sought, words_of
from flashyard_bridge.history.statistics.segments.kept import gather
from flashyard_bridge.history.store import forget, store
from support.naive_history import is_meant
from support.records import ended_job, record_of

DAY = 86_400_000
FIRST_DAY = 19_676  # since 1970; twelve days before a block of 32 begins
DAYS = 110
JOBS = 60
DEVICES = ["UNIT_1", "UNIT_2", "UNIT_3"]
HUBS = ["hub-1", "hub-2"]
PARTITIONS = ["boot", "system", "vendor"]
IMAGES = [ImageRef(sha256=digit * 64, name=f"{digit}.img", size=1) for digit in "abc"]
ENDS = [Status.COMPLETED, Status.COMPLETED, Status.FAILED, Status.CANCELLED]
CODES: list[Code | None] = [None, Code.LINK_LOST, Code.DEVICE_REFUSED]


def moment(noise: Random) -> int:
    """Draw when a job ended, Unix ms: now and then as a day begins or ends."""
    day = FIRST_DAY + noise.randrange(DAYS)
    return day * DAY + noise.choice([0, 1, DAY - 1, noise.randrange(DAY), noise.randrange(DAY)])


def asked(noise: Random) -> Sought:
    """Ask for some: what the rollups know of more often than for anything else."""
    values: dict[str, Any] = {
        "hub_id": noise.choice(HUBS),
        "status": noise.choice(ENDS).value,
        "partition": noise.choice(PARTITIONS),
        "since": moment(noise),
        "until": moment(noise),
        "device_id": noise.choice(DEVICES),
        "port": "usb:1-1",
        "image": IMAGES[0].sha256,
        "code": Code.LINK_LOST.value,
        "words": words_of(noise.choice(["unit_1", "b.img sys"])),
    }
    often = {"since": 0.5, "until": 0.5, "hub_id": 0.3, "status": 0.3, "partition": 0.3}
    return Sought(**{k: each for k, each in values.items() if noise.random() < often.get(k, 0.06)})


def past(noise: Random) -> Past:
    """Draw a job: of one or several partitions; without image, port or start; by either's word."""
    at, status = moment(noise), noise.choice(ENDS)
    codes: dict[Status, list[Code | None]] = {
        Status.CANCELLED: [Code.CANCELLED],
        Status.FAILED: CODES,
    }
    took = noise.choice([noise.randrange(200), noise.randrange(3_600_000)])
    job = ended_job(
        noise.randrange(JOBS),
        device_id=noise.choice(DEVICES),
        hub_id=noise.choice(HUBS),
        status=status,
        partition=noise.choice(PARTITIONS),
        image=noise.choice([None, *IMAGES]),
        finished_at=at,
        started_at=noise.choice([None, *[at - took] * 4]),
        bytes_transferred=noise.randrange(10**10),
        average_speed=noise.choice([0, noise.randrange(60), noise.randrange(10**9)]),
        code=noise.choice(codes.get(status, [None])),
    )
    if noise.random() < 0.4:
        job = job.with_(steps=_steps(noise, status), image=None)
    record = record_of(job, port=noise.choice([None, "usb:1-1", "usb:1-2"]))
    return Past(record, noise.choice(["hub", "hub", "bridge"]), at)


def _steps(noise: Random, status: Status) -> tuple[StepRecord, ...]:
    partitions = [noise.choice(PARTITIONS) for _ in range(noise.randrange(1, 4))]
    over = Status.COMPLETED if status is Status.COMPLETED else Status.CANCELLED
    at = noise.randrange(len(partitions) + 1)  # where it ended; behind all of them: at none
    return tuple(
        StepRecord(
            partition=partition,
            status=Status.COMPLETED if place < at else status if place == at else over,
            bytes=noise.randrange(10**9),
            image=noise.choice([None, *(image.sha256 for image in IMAGES)]),
        )
        for place, partition in enumerate(partitions)
    )


class Kept:
    """What a history is to hold: each job once, by its own hub's word where there is one."""

    def __init__(self) -> None:
        self.jobs: dict[str, Past] = {}

    def store(self, pasts: Iterable[Past]) -> None:
        for each in pasts:
            was = self.jobs.setdefault(each.record.job_id, each)
            is_better = (was.told_by, each.told_by) == ("bridge", "hub")
            if is_better and was.record.hub_id == each.record.hub_id:
                self.jobs[each.record.job_id] = each

    def forget(self, job_ids: Collection[str]) -> None:
        self.jobs = {job_id: each for job_id, each in self.jobs.items() if job_id not in job_ids}

    def meant(self, sought: Sought) -> list[Past]:
        return [each for each in self.jobs.values() if is_meant(each, sought)]


def live(connection: Connection, noise: Random) -> Kept:
    """Store, gather and forget jobs, from nothing on; tell what is there then."""
    forget(connection, connection.scalars(select(PAST_JOBS.c.number)).all())
    kept = Kept()
    for _ in range(3):
        pasts = [past(noise) for _ in range(noise.randrange(JOBS))]
        store(connection, pasts)
        kept.store(pasts)
        for _ in range(noise.randrange(20)):
            gather(connection)
        gone = noise.sample(sorted(kept.jobs), noise.randrange(len(kept.jobs) // 3 + 1))
        found = select(PAST_JOBS.c.number).where(PAST_JOBS.c.job_id.in_(gone))
        forget(connection, connection.scalars(found).all())
        kept.forget(gone)
    return kept


Entries = dict[tuple[str, ...], dict[str, Any]]
"""A list's, by what their jobs have in common; of the totals that is nothing."""


class _Part(NamedTuple):
    """What a job has to do with an entry; ``counts``: itself; ``is_timed``: how long it took."""

    job: Job
    counts: bool
    bytes: int
    is_timed: bool


def counted(pasts: Iterable[Past]) -> dict[str, Entries]:
    """Count jobs; quantiles are the values of the nearest rank."""
    lists: defaultdict[str, defaultdict[tuple[str, ...], list[_Part]]]
    lists = defaultdict(lambda: defaultdict(list))
    for each in pasts:
        job = each.record.job
        whole = _Part(job, counts=True, bytes=job.bytes_transferred, is_timed=True)
        day = (job.finished_at or 0) // DAY
        lists["totals"][()].append(whole)
        lists["devices"][job.device_id,].append(whole)
        lists["ports"][job.hub_id, each.record.port or ""].append(whole)
        lists["hubs"][job.hub_id,].append(whole)
        lists["days"][str(day),].append(whole)
        if job.status is Status.FAILED:
            lists["faults"][job.code or "",].append(whole)
        steps = _steps_of(job)
        for name in ("partitions", "images"):
            for value in {_value(name, step) for step in steps}:
                mine = [step for step in steps if _value(name, step) == value]
                size = sum(step.bytes for step in mine)
                part = _Part(job, _counts(job, steps, mine), size, is_timed=False)
                lists[name][value,].append(whole if len(steps) == 1 else part)
    return {
        name: {
            entry: _sum(parts)
            for entry, parts in entries.items()
            if any(part.counts for part in parts)
        }
        for name, entries in lists.items()
    }


def _value(name: str, step: StepRecord) -> str:
    return step.partition if name == "partitions" else step.image or ""


def _counts(job: Job, steps: Sequence[StepRecord], mine: Sequence[StepRecord]) -> bool:
    failed = [step for step in steps if step.status is Status.FAILED]
    return job.status is not Status.FAILED or not failed or any(step in failed for step in mine)


def _steps_of(job: Job) -> Sequence[StepRecord]:
    image = job.image.sha256 if job.image else None
    size = job.bytes_transferred
    only = StepRecord(partition=job.partition, status=job.status, bytes=size, image=image)
    return job.steps or (only,)


def _sum(parts: Sequence[_Part]) -> dict[str, Any]:
    jobs = [part.job for part in parts if part.counts]
    good = [part.job for part in parts if part.is_timed and part.job.status is Status.COMPLETED]
    took = [(job.finished_at or 0) - job.started_at for job in good if job.started_at is not None]
    return {
        "jobs": len(jobs),
        **{end.value: sum(job.status is end for job in jobs) for end in ENDS},
        "bytes": sum(part.bytes for part in parts),
        "duration_ms": _quantiles(took),
        "speed": _quantiles([job.average_speed for job in good if job.average_speed]),
    }


def _quantiles(values: Sequence[int]) -> tuple[int, int] | None:
    if not values:
        return None
    in_order = sorted(values)
    median, p95 = (in_order[math.ceil(len(values) * share / 100) - 1] for share in (50, 95))
    return median, p95
