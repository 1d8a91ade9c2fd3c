"""Ended jobs as statistics see them: what each counts for, and what it adds there.

A job counts once for each of its partitions, and once for each of its images. Of one that failed
only those count that failed of it, or all where none is to blame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Row, exists, select

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
    """A job; it ended on a ``day`` since 1970. A text is empty where there is nothing.

    Attributes:
        whole: what it is to all else; without duration and speed if it did not complete.
        code: why it failed; None: it did not.
        partitions: in order, each once.
        image: that it wrote, of one step; None: it has several, and ``shares`` has them.
        device_name, image_name: what these were called.
    """

    day: int
    whole: Part
    hub_id: str
    device_id: str
    port: str
    code: str | None
    partitions: tuple[str, ...]
    image: str | None
    shares: Sequence[Share]
    device_name: str
    image_name: str | None

    @property
    def kit(self) -> str:
        """The name of its set of partitions; none has a `+` in its own."""
        if len(self.partitions) == 1:
            return self.partitions[0]
        return "+" + hashlib.sha256("\0".join(self.partitions).encode()).hexdigest()[:32]


_J = PAST_JOBS.c
_FIRST, _SECOND = PAST_STEPS.alias("first"), PAST_STEPS.alias("second")
_JOBS = select(
    *(_J.number, _J.ended_at, _J.hub_id, _J.device_id, _J.device_name, _J.port),
    *(_J.status, _J.code, _J.image_name, _J.bytes, _J.duration_ms, _J.speed),
    *(_FIRST.c.partition, _FIRST.c.image),
    exists().where(_SECOND.c.number == _J.number, _SECOND.c.place == 1),
).join_from(PAST_JOBS, _FIRST, (_FIRST.c.number == _J.number) & (_FIRST.c.place == 0))


def facts(connection: Connection, numbers: Sequence[int], scale: Scale) -> Iterator[Fact]:
    """Read jobs by their numbers in `past_jobs`, some at a time."""
    place_of = scale.place_of
    for first in range(0, len(numbers), _CHUNK):
        some = _J.number.in_(numbers[first : first + _CHUNK])
        rows = connection.execute(_JOBS.where(some)).all()
        steps = _steps(connection, [row[0] for row in rows if row[-1]])
        for row in rows:
            number, at, hub_id, device_id, device, port, status, code, name, *rest = row
            size, duration, speed, partition, image, has_several = rest
            end = _END[status]
            if end != COMPLETED:
                duration = speed = None
            yield Fact(
                at // DAY,
                Part(
                    end,
                    1,
                    size,
                    place_of(duration) if duration is not None else None,
                    place_of(speed) if speed else None,
                ),
                hub_id,
                device_id,
                port or "",
                (code or "") if end == FAILED else None,
                _partitions(steps[number]) if has_several else (partition,),
                None if has_several else image or "",
                list(_shares(end, steps[number])) if has_several else (),
                device,
                name,
            )


def _steps(connection: Connection, numbers: Sequence[int]) -> Mapping[int, list[Row[Any]]]:
    if not numbers:
        return {}
    found = (
        select(PAST_STEPS)
        .where(PAST_STEPS.c.number.in_(numbers))
        .order_by(PAST_STEPS.c.number, PAST_STEPS.c.place)
    )
    steps: dict[int, list[Row[Any]]] = {number: [] for number in numbers}
    for step in connection.execute(found):
        steps[step.number].append(step)
    return steps


def _partitions(steps: Sequence[Row[Any]]) -> tuple[str, ...]:
    return tuple(sorted({step.partition for step in steps}))


def _shares(end: int, steps: Sequence[Row[Any]]) -> Iterator[Share]:
    """Tell a job of several steps once for each value that they have."""
    failed = [step for step in steps if step.status == ENDS[FAILED]]
    to_blame = failed if end == FAILED and failed else steps
    kind: Literal["partitions", "images"]
    for kind in ("partitions", "images"):
        of_value: dict[str, list[Row[Any]]] = {}
        for step in steps:
            value = step.partition if kind == "partitions" else step.image or ""
            of_value.setdefault(value, []).append(step)
        for value, mine in of_value.items():
            jobs = int(any(step in to_blame for step in mine))
            yield Share(kind, value, Part(end, jobs, sum(step.bytes for step in mine)))
