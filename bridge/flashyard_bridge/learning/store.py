"""What completed jobs took, in the database: learnt in the transaction that stores them.

It is bounded: of each image, product and port the newest runs, and of those the newest. What was
learnt of a job stays when its record goes; newer jobs make it fade.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from random import random
from typing import NamedTuple

from sqlalchemy import (
    Connection,
    and_,
    delete,
    func,
    select,
)

from flashyard.contract.expected import Expected
from flashyard.contract.history import JobRecord, PastJob
from flashyard_bridge.database.among import among
from flashyard_bridge.database.bulk import load
from flashyard_bridge.database.tables.learning import LEARNT
from flashyard_bridge.learning.occasion import (
    Likeness,
    Occasion,
    likenesses,
    occasion_of_past,
    occasion_of_record,
)
from flashyard_bridge.learning.run import Run, add, run_of, unpacked
from flashyard_bridge.learning.usual import usual

MAX_ROWS = 20_000  # of a kilobyte or two each
SPARE = MAX_ROWS // 20  # that go at once, so that it is not done for each new one
COUNTED = 1 / 16  # of the times that rows were added: it takes long
_CLOSEST = 50  # rows that are looked at, the newest first
_C = LEARNT.c


class Question(NamedTuple):
    """What is usual on an occasion, for so many bytes of content?"""

    occasion: Occasion
    bytes: int


def learn(connection: Connection, records: Iterable[JobRecord]) -> None:
    """Learn from jobs that completed; those that tell nothing are passed over."""
    new: defaultdict[Occasion, list[Run]] = defaultdict(list)
    for record in records:
        if (run := run_of(record)) is not None:
            new[occasion_of_record(record)].append(run)
    if not new:
        return
    by_key = {occasion.key: occasion for occasion in new}
    found = select(_C.key, _C.pack).where(among(connection, LEARNT.c.key, by_key))
    packs = {row.key: row.pack for row in connection.execute(found)}
    rows = []
    for key, occasion in by_key.items():
        pack = packs.get(key, {})
        for run in new[occasion]:
            add(pack, run)
        last_at = pack["runs"][-1][0]
        rows.append({"key": key, **_columns(occasion), "last_at": last_at, "pack": pack})
    if packs:  # to change rows one by one takes longer
        connection.execute(delete(LEARNT).where(among(connection, LEARNT.c.key, packs)))
    load(connection, LEARNT, rows)
    if len(packs) < len(rows) and random() < COUNTED:  # noqa: S311 - no secret
        _forget_oldest(connection)


def recall(connection: Connection, questions: Collection[Question]) -> dict[Question, Expected]:
    """Answer questions as far as the past tells, each by what is most like it."""
    memory = _Memory(connection, questions)
    answers: dict[Question, Expected] = {}
    for question in questions:
        for likeness in likenesses(question.occasion):
            told = memory.usual(likeness, question.bytes)
            if told is not None:
                answers[question] = told
                break
    return answers


def in_hindsight(connection: Connection, pasts: Iterable[PastJob]) -> list[PastJob]:
    """Add to ended jobs what is usual for such by now, to be compared with what they took."""
    asked = [(past, Question(occasion_of_past(past), past.total_bytes)) for past in pasts]
    answers = recall(connection, {question for _, question in asked})
    return [past.with_(expected=answers.get(question)) for past, question in asked]


class _Memory:
    """What was looked up for some questions, each likeness once; the closest of all at one go."""

    def __init__(self, connection: Connection, questions: Collection[Question]) -> None:
        self._connection = connection
        self._runs: dict[Likeness, list[Run]] = {}
        self._answers: dict[tuple[Likeness, int], Expected | None] = {}
        keys = {question.occasion.key for question in questions}
        rows = connection.execute(select(_C.key, _C.pack).where(_C.key.in_(keys)))
        packs = {row.key: row.pack for row in rows}
        for question in questions:
            closest = next(likenesses(question.occasion))
            pack = packs.get(question.occasion.key)
            self._runs[closest] = [] if pack is None else list(unpacked(pack))

    def usual(self, likeness: Likeness, amount: int) -> Expected | None:
        """Tell what is usual for jobs that are like others in this, and have so many bytes."""
        asked = likeness, amount
        if asked not in self._answers:
            if likeness not in self._runs:
                self._runs[likeness] = list(self._found(likeness))
            self._answers[asked] = usual(likeness.grounds, self._runs[likeness], amount)
        return self._answers[asked]

    def _found(self, likeness: Likeness) -> Iterator[Run]:
        alike = and_(*(_C[name] == value for name, value in likeness.same))
        newest = select(_C.pack).where(alike).order_by(_C.last_at.desc()).limit(_CLOSEST)
        for pack in self._connection.scalars(newest):
            yield from unpacked(pack)


def _columns(occasion: Occasion) -> dict[str, str | None]:
    return {
        "what": occasion.what,
        "manner": occasion.manner,
        "product": occasion.product,
        "place": occasion.place,
    }


def _forget_oldest(connection: Connection) -> None:
    rows = connection.scalar(select(func.count()).select_from(LEARNT)) or 0
    if rows > MAX_ROWS:
        oldest = select(_C.key).order_by(_C.last_at, _C.key).limit(rows - MAX_ROWS + SPARE)
        connection.execute(delete(LEARNT).where(_C.key.in_(oldest)))
