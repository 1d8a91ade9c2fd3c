"""Ended jobs as statistics see them: what each counts for, and what it adds there.

A job counts once for each of its partitions, and once for each of its images. Of one that failed
only those count that failed of it, or all where none is to blame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, exists, select

from flashyard_bridge.database.among import among
from flashyard_bridge.database.tables.history import PAST_JOBS, PAST_STEPS
from flashyard_bridge.history.statistics.histogram import Scale
from flashyard_bridge.history.statistics.tally import COMPLETED, ENDS, FAILED, Part

DAY = 86_400_000  # ms, UTC
_CHUNK = 500  # jobs at a time
_END = {end.value: place for place, end in enumerate(ENDS)}


class Share(NamedTuple):
    """What a job with several steps is to a partition or an image."""

    kind: Literal["partitions", "images"]
    value: str
    part: Part


class Fact(NamedTuple):
    """A job; what stands in its row under the same name is as it stands there.

    Attributes:
        whole: what it is to all else; without duration and speed if it did not complete.
        partitions, images: of its steps, in order, each once.
        image: that it wrote, of one step, or an empty text; None: it has several steps.
        shares: what it is to partitions and images, of several steps.
    """

    number: int
    job_id: str
    ended_at: int
    hub_id: str
    device_id: str
    device_name: str
    serial: str | None
    port: str | None
    status: str
    code: str | None
    error: str | None
    image_name: str | None
    whole: Part
    partitions: tuple[str, ...]
    images: tuple[str, ...]
    image: str | None
    shares: Sequence[Share]

    @property
    def day(self) -> int:
        """When it ended, in days since 1970."""
        return self.ended_at // DAY

    @property
    def fault(self) -> str | None:
        """Why it failed, or an empty text; None: it did not."""
        return self.code or "" if self.whole.end == FAILED else None

    @property
    def kit(self) -> str:
        """The name of its set of partitions; none has a `+` in its own."""
        if len(self.partitions) == 1:
            return self.partitions[0]
        return "+" + hashlib.sha256("\0".join(self.partitions).encode()).hexdigest()[:32]


class _Step(NamedTuple):
    """A row of `past_steps`, as far as it counts."""

    partition: str
    status: str
    image: str | None
    bytes: int


_J, _S = PAST_JOBS.c, PAST_STEPS.c
_OF_JOB = (*Fact._fields[: Fact._fields.index("whole")], "bytes", "duration_ms", "speed")
_STATUS = _OF_JOB.index("status")
_job_of, _step_of = itemgetter(*_OF_JOB), itemgetter(*_Step._fields)
_FIRST, _SECOND = PAST_STEPS.alias("first"), PAST_STEPS.alias("second")
_JOBS = select(
    *(_J[name] for name in _OF_JOB),
    *(_FIRST.c.partition, _FIRST.c.image),
    exists().where(_SECOND.c.number == _J.number, _SECOND.c.place == 1),
).join_from(PAST_JOBS, _FIRST, (_FIRST.c.number == _J.number) & (_FIRST.c.place == 0))


def facts(connection: Connection, numbers: Sequence[int], scale: Scale) -> Iterator[Fact]:
    """Read jobs by their numbers in `past_jobs`, some at a time."""
    for first in range(0, len(numbers), _CHUNK):
        some = among(connection, _J.number, numbers[first : first + _CHUNK])
        rows = connection.execute(_JOBS.where(some)).all()
        steps = _steps(connection, [row[0] for row in rows if row[-1]])
        for *job, partition, image, has_several in rows:
            its = steps[job[0]] if has_several else [_Step(partition, "", image, 0)]
            yield _fact(job, its, scale)


def facts_of(
    jobs: Iterable[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]], scale: Scale
) -> Iterator[Fact]:
    """See jobs as they will be read: a row of `past_jobs` each, with its rows of `past_steps`."""
    for row, steps in jobs:
        yield _fact(_job_of(row), [_Step(*_step_of(step)) for step in steps], scale)


def _fact(job: Sequence[Any], steps: Sequence[_Step], scale: Scale) -> Fact:
    *said, size, duration, speed = job
    end, place_of = _END[said[_STATUS]], scale.place_of
    if end != COMPLETED:
        duration = speed = None
    whole = Part(
        end,
        1,
        size,
        place_of(duration) if duration is not None else None,
        place_of(speed) if speed else None,
    )
    if len(steps) == 1:
        [(partition, _, image, _)] = steps
        return Fact._make((*said, whole, (partition,), (image,) * bool(image), image or "", ()))
    kit = tuple(sorted({step.partition for step in steps}))
    images = tuple(sorted({step.image for step in steps if step.image}))
    return Fact._make((*said, whole, kit, images, None, list(_shares(end, steps))))


def _steps(connection: Connection, numbers: Sequence[int]) -> Mapping[int, list[_Step]]:
    steps: dict[int, list[_Step]] = {number: [] for number in numbers}
    if numbers:
        these = among(connection, _S.number, numbers)
        found = select(_S.number, *(_S[name] for name in _Step._fields)).where(these)
        for number, *step in connection.execute(found.order_by(_S.number, _S.place)):
            steps[number].append(_Step(*step))
    return steps


def _shares(end: int, steps: Sequence[_Step]) -> Iterator[Share]:
    """Tell a job of several steps once for each value that they have."""
    failed = [step for step in steps if step.status == ENDS[FAILED]]
    to_blame = failed if end == FAILED and failed else steps
    kind: Literal["partitions", "images"]
    for kind in ("partitions", "images"):
        of_value: dict[str, list[_Step]] = {}
        for step in steps:
            value = step.partition if kind == "partitions" else step.image or ""
            of_value.setdefault(value, []).append(step)
        for value, mine in of_value.items():
            jobs = int(any(step in to_blame for step in mine))
            yield Share(kind, value, Part(end, jobs, sum(step.bytes for step in mine)))
