"""The order in which jobs are listed: the oldest first, and each device's queue as it stands.

A job's *place* is where the list was cut between two pages; it stays though the queue moves. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from flashyard.contract.records import Job
from flashyard_bridge.rest.cursor import Place


class Listed(NamedTuple):
    """A job at its place in the list."""

    place: Place
    job: Job


def in_turn(jobs: Iterable[Job]) -> list[Listed]:
    """List jobs by age; those that wait for one device change places until they are in turn."""
    by_age = sorted(jobs, key=_age)
    queues: defaultdict[tuple[str, str], list[Job]] = defaultdict(list)
    for job in by_age:
        if job.position is not None:
            queues[job.hub_id, job.device_id].append(job)
    turns = {
        device: iter(sorted(queue, key=lambda job: job.position or 0))
        for device, queue in queues.items()
    }
    return [
        Listed(_age(job), job if job.position is None else next(turns[job.hub_id, job.device_id]))
        for job in by_age
    ]


def _age(job: Job) -> Place:
    return job.queued_at, job.job_id
