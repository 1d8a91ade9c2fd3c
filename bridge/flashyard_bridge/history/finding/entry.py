"""What a job is found by: its traits, and one text of all that can be looked for in it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from flashyard_bridge.database.tables.history import PAST_JOBS, PAST_STEPS
from flashyard_bridge.history.sought import Trait, plain

_COLUMNS = {  # of its row, by the trait's kind
    "device": "device_id",
    "serial": "serial",
    "image": "image",
    "port": "port",
    "code": "code",
    "hub": "hub_id",
    "status": "status",
}
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


def entry_of(row: Mapping[str, Any], partitions: Iterable[str]) -> Entry:
    """Make the entry of a row of `past_jobs`, of a job with steps to some partitions."""
    names = sorted(set(partitions))
    traits = [Trait(kind, row[name]) for kind, name in _COLUMNS.items() if row[name] is not None]
    traits += [Trait("partition", name) for name in names]
    # Its serial is mostly its id, and part of its name: nothing is said twice.
    lines: list[str] = []
    for said in (row["job_id"], *(row[name] for name in _SAID), *names):
        line = plain(said or "")
        if line and not any(line in other for other in lines):
            lines.append(line)
    text = "".join(f"{line}\n" for line in lines)
    return Entry(row["number"], row["ended_at"], text, tuple(map(key_of, traits)))


def entries_of(connection: Connection, numbers: Sequence[int]) -> list[Entry]:
    """Make the entries of jobs that are stored, by their numbers."""
    partitions: defaultdict[int, list[str]] = defaultdict(list)
    steps = select(PAST_STEPS.c.number, PAST_STEPS.c.partition)
    for number, partition in connection.execute(steps.where(PAST_STEPS.c.number.in_(numbers))):
        partitions[number].append(partition)
    rows = select(*(PAST_JOBS.c[name] for name in _LOOKED_AT))
    found = connection.execute(rows.where(PAST_JOBS.c.number.in_(numbers))).mappings()
    return [entry_of({**row}, partitions[row["number"]]) for row in found]


def key_of(trait: Trait) -> int:
    """Tell a trait in 64 bits; that two of all there are have the same is not to be expected."""
    said = f"{trait.kind} {trait.value}".encode()
    return int.from_bytes(blake2b(said, digest_size=8).digest(), signed=True)
