"""A segment: some thousand jobs, column by column. It knows neither a question nor a database.

On which day a job ended, what it went to, where that is plugged in, what was written, and how it
ended are told apart once for all: each job has its place in these five lists, and its numbers.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from flashyard_bridge.history.sought import plain
from flashyard_bridge.history.statistics.facts import Fact
from flashyard_bridge.history.statistics.segments.lines import (
    lines_of,
    plain_lines_of,
    texts_of,
)

Array: TypeAlias = NDArray[Any]
Side: TypeAlias = Literal["day", "unit", "place", "content", "outcome"]

NONE = -1  # in place of a duration or a speed
GAP = " "  # between several partitions, or images
_JOB = np.dtype(
    [
        *(("number", "<i8"), ("ended_at", "<i8"), ("size", "<i8"), ("end", "u1")),
        *(("duration", "<i8"), ("speed", "<i8")),
        *(("day", "<u2"), ("unit", "<u2"), ("place", "<u2")),
        *(("content", "<u2"), ("outcome", "<u2")),
    ]
)
_SHARE = np.dtype([("job", "<u2"), ("value", "<u4"), ("jobs", "u1"), ("size", "<i8")])
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "day": ("days",),
    "unit": ("device", "serial", "unit"),
    "place": ("hub", "port"),
    "content": ("partitions", "images", "alone", "content"),
    "outcome": ("status", "code", "outcome"),
    "share": ("kind", "value"),
}
_SIDES: tuple[Side, ...] = ("day", "unit", "place", "content", "outcome")
_NAMES = [name for names in _TEXTS.values() for name in names]
_BETWEEN = b"\x00"  # two lists; there is none in any


class Packed(NamedTuple):
    """A segment as it is kept; ``ids`` may be left out where nobody looks for words."""

    texts: bytes
    jobs: bytes
    shares: bytes
    ids: bytes | None


@dataclass(frozen=True, slots=True)
class Segment:
    """Jobs in the order of their numbers.

    Attributes:
        jobs: their columns, a row each: `number`, `ended_at` in Unix ms, `size` in bytes, `end` a
            place in `ENDS`, `duration` in ms and `speed` in bytes/s or `NONE`; and places
            in five lists.
        shares: what those of several steps are to their partitions and images: `job` and `value`
            are places among the jobs, and in the list; `jobs` is 1 or 0.
        lists: their texts, on a line each: of a day `days` since 1970; of a unit `device` and
            `serial`; of a place `hub` and `port`; of a content `partitions` and `images`, with a
            `GAP` between them, and `alone`, empty if it had several steps; of an outcome `status`
            and `code`; of a share `kind` and `value`. And `unit`, `content`, `outcome`: what words
            are looked for in, in one case.
        ids: of the jobs, in one case, on a line each.
    """

    jobs: Array
    shares: Array
    lists: Mapping[str, bytes]
    ids: bytes

    def __len__(self) -> int:
        return len(self.jobs)

    def texts(self, name: str) -> Sequence[Any]:
        """Read a list."""
        return texts_of(self.lists[name])

    def without(self, numbers: Iterable[int]) -> Segment:
        """Leave jobs out."""
        return self._of(~np.isin(self.jobs["number"], np.fromiter(numbers, np.int64)))

    def between(self, after: int, upto: int) -> Segment:
        """Leave jobs out up to a number, and behind another."""
        numbers = self.jobs["number"]
        if not len(numbers) or (numbers[0] > after and numbers[-1] <= upto):
            return self
        return self._of((numbers > after) & (numbers <= upto))

    def pack(self) -> Packed:
        """Write it."""
        texts = _BETWEEN.join(self.lists[name] for name in _NAMES)
        return Packed(texts, self.jobs.tobytes(), self.shares.tobytes(), self.ids)

    def _of(self, stay: Array) -> Segment:
        shares = self.shares[stay[self.shares["job"]]]
        shares["job"] = (np.cumsum(stay) - 1)[shares["job"]]
        ids = self.ids
        if ids:
            lines = zip(ids.split(b"\n"), stay, strict=True)
            ids = b"\n".join(line for line, stays in lines if stays)
        return Segment(self.jobs[stay], shares, self.lists, ids)


def unpack(packed: Packed) -> Segment:
    """Read it.

    Raises:
        ValueError: it is damaged.
    """
    jobs, shares = np.frombuffer(packed.jobs, _JOB), np.frombuffer(packed.shares, _SHARE)
    lists = dict(zip(_NAMES, packed.texts.split(_BETWEEN), strict=True))
    for side, names in _TEXTS.items():
        places = shares["value"] if side == "share" else jobs[side]
        for name in names:
            if len(places) and places.max() > lists[name].count(b"\n"):
                raise ValueError(f"a segment that was kept is damaged: {name}")
    if len(shares) and shares["job"].max() >= len(jobs):
        raise ValueError("a segment that was kept is damaged: shares")
    return Segment(jobs, shares, lists, packed.ids or b"")


def segment_of(facts: Iterable[Fact]) -> Segment:
    """Make one of up to 65,535 jobs, which were counted exactly."""
    found: dict[str, dict[tuple[Hashable, ...], int]] = {name: {} for name in _TEXTS}
    jobs: list[tuple[int, ...]] = []
    shares: list[tuple[int, ...]] = []
    ids = []

    def place_of(name: str, *texts: Hashable) -> int:
        places = found[name]
        return places.setdefault(texts, len(places))

    for at, fact in enumerate(sorted(facts)):
        end, _, size, duration, speed = fact.whole
        partitions, images = GAP.join(fact.partitions), GAP.join(fact.images)
        alone = "" if fact.image is None else "1"
        jobs.append(
            (
                *(fact.number, fact.ended_at, size, end),
                *(NONE if each is None else each for each in (duration, speed)),
                place_of("day", str(fact.day)),
                place_of("unit", fact.device_id, fact.serial, fact.device_name),
                place_of("place", fact.hub_id, fact.port),
                place_of("content", partitions, images, alone, fact.image_name),
                place_of("outcome", fact.status, fact.code, fact.error),
            )
        )
        for kind, value, part in fact.shares:
            shares.append((at, place_of("share", kind, value), part.jobs, part.size))
        ids.append(plain(fact.job_id))
    return Segment(
        np.array(jobs, _JOB),
        np.array(shares, _SHARE),
        dict(_lists(found)),
        plain_lines_of(ids),
    )


def _lists(found: Mapping[str, Iterable[tuple[Any, ...]]]) -> Iterator[tuple[str, bytes]]:
    for side, names in _TEXTS.items():
        for at, name in enumerate(names):
            if name != side:
                yield name, lines_of(texts[at] for texts in found[side])
    yield "unit", _words(found["unit"])
    yield "content", _words((kit, name) for kit, _, _, name in found["content"])
    yield "outcome", _words((error,) for _, _, error in found["outcome"])


def _words(of_each: Iterable[Iterable[str | None]]) -> bytes:
    """Put together what words are looked for in; none reaches over a gap."""
    return plain_lines_of(
        GAP.join(dict.fromkeys(plain(text) for text in texts if text)) for texts in of_each
    )


def joined(segments: Sequence[Segment]) -> Segment:
    """Make one of several that come one after another; what they have in common is in it once."""
    known: dict[str, dict[tuple[bytes, ...], int]] = {side: {} for side in _TEXTS}
    jobs: list[Array] = []
    shares: list[Array] = []
    for segment in segments:
        its = {side: _renumbered(segment, side, known[side]) for side in _TEXTS}
        mine, theirs = segment.jobs.copy(), segment.shares.copy()
        for side in _SIDES:
            mine[side] = its[side][mine[side]]
        theirs["value"] = its["share"][theirs["value"]]
        theirs["job"] += sum(len(each) for each in jobs)
        jobs.append(mine)
        shares.append(theirs)
    lists = {
        name: b"\n".join(row[at] for row in known[side])
        for side, names in _TEXTS.items()
        for at, name in enumerate(names)
    }
    ids = b"\n".join(segment.ids for segment in segments)
    return Segment(np.concatenate(jobs), np.concatenate(shares), lists, ids)


def _renumbered(segment: Segment, side: str, known: dict[tuple[bytes, ...], int]) -> Array:
    """Find the places among what is known by now of what a segment has in a list."""
    rows = zip(*(segment.lists[name].split(b"\n") for name in _TEXTS[side]), strict=True)
    return np.array([known.setdefault(row, len(known)) for row in rows])
