"""What a job is found by: its traits, and one text of all that can be looked for in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from flashyard_bridge.database.tables.history import PAST_JOBS, PAST_STEPS
from flashyard_bridge.history.sought import Trait, plain

_COLUMNS = {  # of its row, by the trait's kind
    "device": "device_id",
    "serial": "serial",
    "port": "port",
    "code": "code",
    "hub": "hub_id",
    "status": "status",
}
_OF_STEPS = ("partition", "image")  # the traits' kinds, too
_SAID = ("device_id", "device_name", "serial", "image_name", "error")
_LOOKED_AT = ("number", "job_id", "ended_at", *{*_COLUMNS.values(), *_SAID})


class Found(NamedTuple):
    """A job in the history, and its place there."""

    number: int
    ended_at: int
    job_id: str

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands among all."""
        return self.ended_at, self.job_id


class Entry(NamedTuple):
    """A job in the index. The first line of its ``text`` is its id; ``traits``: their keys."""

    number: int
    ended_at: int
    text: str
    traits: tuple[int, ...]


def entry_of(row: Mapping[str, Any], steps: Iterable[Mapping[str, Any]]) -> Entry:
    """Make the entry of a row of `past_jobs` and its rows of `past_steps`."""
    had = {Trait(kind, row[name]) for kind, name in _COLUMNS.items() if row[name] is not None}
    for step in steps:
        had |= {Trait(kind, step[kind]) for kind in _OF_STEPS if step[kind] is not None}
    partitions = sorted(trait.value for trait in had if trait.kind == "partition")
    # Its serial is mostly its id, and part of its name: nothing is said twice.
    lines: list[str] = []
    for said in (row["job_id"], *(row[name] for name in _SAID), *partitions):
        line = plain(said or "")
        if line and not any(line in other for other in lines):
            lines.append(line)
    text = "".join(f"{line}\n" for line in lines)
    return Entry(row["number"], row["ended_at"], text, tuple(map(key_of, had)))


def entries_of(connection: Connection, numbers: Sequence[int]) -> list[Entry]:
    """Make the entries of jobs that are stored, by their numbers."""
    steps: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    rows = select(*(PAST_STEPS.c[name] for name in ("number", *_OF_STEPS)))
    for row in connection.execute(rows.where(PAST_STEPS.c.number.in_(numbers))).mappings():
        steps[row["number"]].append({**row})
    rows = select(*(PAST_JOBS.c[name] for name in _LOOKED_AT))
    found = connection.execute(rows.where(PAST_JOBS.c.number.in_(numbers))).mappings()
    return [entry_of({**row}, steps[row["number"]]) for row in found]


@lru_cache(10_000)
def key_of(trait: Trait) -> int:
    """Tell a trait in 64 bits; that two of all there are have the same is not to be expected."""
    said = f"{trait.kind} {trait.value}".encode()
    return int.from_bytes(blake2b(said, digest_size=8).digest(), signed=True)
