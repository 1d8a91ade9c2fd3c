"""Jobs of many segments, counted together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from flashyard.contract.phases import Status
from flashyard_bridge.history.statistics.groups import Entry, Groups, Kind, no_groups
from flashyard_bridge.history.statistics.histogram import (
    BUCKETS,
    EXACT,
    LOG_GAMMA,
    Counted,
    Scale,
    bucket_of,
)
from flashyard_bridge.history.statistics.question import Question
from flashyard_bridge.history.statistics.segments.segment import NONE, Array, Segment
from flashyard_bridge.history.statistics.tally import ENDS, Tally

_TOGETHER = 16  # segments that are counted at once: as many as a processor's cache takes
_WIDE = bucket_of(1 << 53) + 1  # buckets
_HALF = 32  # bits of a size; halves are added up apart, so that no sum is too large
_LOW = (1 << _HALF) - 1


class _Lexicon(dict[Any, int]):
    """Entries of lists, or what tells one from another, numbered as they come."""

    def numbers_of(self, values: Iterable[Any]) -> Array:
        return np.fromiter((self.setdefault(each, len(self)) for each in values), np.int64)


class _Jobs(NamedTuple):
    """Jobs, column by column; the last five are numbers of lexicons."""

    end: Array
    size: Array
    duration: Array
    speed: Array
    day: Array
    device: Array
    port: Array
    content: Array
    fault: Array

    def in_buckets(self) -> _Jobs:
        """Have buckets in place of durations and speeds."""
        return self._replace(duration=_buckets_of(self.duration), speed=_buckets_of(self.speed))


class _Shares(NamedTuple):
    """What jobs of several steps are to partitions and images, column by column."""

    end: Array
    size: Array
    jobs: Array
    value: Array


_Timed = tuple[Array, Array]
"""Slots of jobs, and their durations or speeds."""

_Lists = Mapping[Kind, Sequence[Entry | None]]
"""What a number means in some lists: an entry of it, or none."""


class Pool:
    """Takes jobs, and tells what they come to."""

    def __init__(self) -> None:
        self._days, self._devices, self._ports = _Lexicon(), _Lexicon(), _Lexicon()
        self._contents, self._faults, self._values = _Lexicon(), _Lexicon(), _Lexicon()
        self._jobs: list[_Jobs] = []
        self._shares: list[_Shares] = []

    def add(self, segment: Segment, places: Array) -> None:
        """Take some jobs of a segment."""
        if not len(places):
            return
        jobs, texts = segment.jobs[places], segment.texts
        ports = zip(texts("hub"), (port or "" for port in texts("port")), strict=True)
        self._jobs.append(
            _Jobs(
                end=jobs["end"],
                size=jobs["size"],
                duration=jobs["duration"],
                speed=jobs["speed"],
                day=self._days.numbers_of((int(day),) for day in texts("days"))[jobs["day"]],
                device=self._devices.numbers_of((each,) for each in texts("device"))[jobs["unit"]],
                port=self._ports.numbers_of(ports)[jobs["place"]],
                content=self._contents.numbers_of(_contents(segment))[jobs["content"]],
                fault=self._faults.numbers_of(_faults(segment))[jobs["outcome"]],
            )
        )
        meant = np.zeros(len(segment), np.bool_)
        meant[places] = True
        shares = segment.shares[meant[segment.shares["job"]]]
        if len(shares):
            values = self._values.numbers_of(zip(texts("kind"), texts("value"), strict=True))
            self._shares.append(
                _Shares(
                    end=segment.jobs["end"][shares["job"]],
                    size=shares["size"],
                    jobs=shares["jobs"],
                    value=values[shares["value"]],
                )
            )

    def count(self, question: Question) -> tuple[Groups, Scale]:
        """Tell what they come to, and on which scale; histograms only of what will be told."""
        groups = no_groups()
        jobs = [_Jobs(*columns) for columns in _together(self._jobs)]
        lists = self._lists()
        for name, entries_of in lists.items():
            _add(groups, entries_of, jobs, name)
        shares = [_Shares(*columns) for columns in _together(self._shares)]
        _add(groups, self._lists_of_steps(), shares, "value")
        is_exact = groups["totals"][()].total < question.few
        count = _count_values if is_exact else _count_buckets
        if not is_exact:
            jobs = [each.in_buckets() for each in jobs]
        told = question.chosen(groups)
        for name, entries_of in lists.items():
            for kind, entries in entries_of.items():
                slots = _Slots(entries, told[kind])
                for column in ("duration", "speed"):
                    timed = (slots.of(each, name, column) for each in jobs)
                    for entry, counted in zip(told[kind], count(slots.many, timed), strict=True):
                        setattr(groups[kind][entry], f"{column}s", counted)
        return groups, EXACT if is_exact else BUCKETS

    def _lists(self) -> Mapping[str, _Lists]:
        """Tell what the numbers of a column mean; several steps are no partition, and no image."""
        hubs = [(hub,) for hub, _ in self._ports]
        partitions, images = ([each and (each[at],) for each in self._contents] for at in range(2))
        return {
            "day": {"totals": [()] * len(self._days), "days": list(self._days)},
            "device": {"devices": list(self._devices)},
            "port": {"hubs": hubs, "ports": list(self._ports)},
            "content": {"partitions": partitions, "images": images},
            "fault": {"faults": list(self._faults)},
        }

    def _lists_of_steps(self) -> _Lists:
        values = list(self._values)
        kinds: tuple[Kind, ...] = ("partitions", "images")
        return {kind: [(each,) if of == kind else None for of, each in values] for kind in kinds}


def _contents(segment: Segment) -> Iterator[tuple[str, str] | None]:
    """Tell what was written: a partition and an image, or None for several steps."""
    names = ("partitions", "images", "alone")
    for partition, image, alone in zip(*map(segment.texts, names), strict=True):
        yield (partition, image) if alone else None


def _faults(segment: Segment) -> Iterator[tuple[str] | None]:
    """Tell why it failed, or None: it did not."""
    for status, code in zip(segment.texts("status"), segment.texts("code"), strict=True):
        yield (code or "",) if status == Status.FAILED else None


def _together(some: Sequence[Sequence[Array]]) -> Iterator[Iterator[Array]]:
    for first in range(0, len(some), _TOGETHER):
        yield map(np.concatenate, zip(*some[first : first + _TOGETHER], strict=True))


def _add(
    groups: Groups, entries_of: _Lists, some: Sequence[_Jobs] | Sequence[_Shares], by: str
) -> None:
    """Add jobs and sizes, by end, to the entries of some lists."""
    many = max(map(len, entries_of.values())) * len(ENDS)
    counts, low, high = (np.zeros(many, np.int64) for _ in range(3))
    for each in some:
        key = getattr(each, by) * len(ENDS) + each.end
        jobs = each.jobs if isinstance(each, _Shares) else None
        counts += _sums(key, jobs, many)
        low += _sums(key, each.size & _LOW, many)
        high += _sums(key, each.size >> _HALF, many)
    for kind, entries in entries_of.items():
        tallies = groups[kind]
        for number, entry in enumerate(entries):
            if entry is None:
                continue
            its = slice(number * len(ENDS), (number + 1) * len(ENDS))
            sizes = [
                (more << _HALF) + less
                for less, more in zip(low[its].tolist(), high[its].tolist(), strict=True)
            ]
            tallies[entry].add(Tally(counts[its].tolist(), sizes))


def _sums(key: Array, values: Array | None, many: int) -> Array:
    """Add values up, or ones: few enough at a time for a float to hold each sum."""
    sums: Array = np.bincount(key, values, many).astype(np.int64)
    return sums


def _buckets_of(values: Array) -> Array:
    """Find the buckets of numbers, as `bucket_of` does of one."""
    buckets = 1 + np.ceil(np.log(np.maximum(values, 1)) / LOG_GAMMA).astype(np.int64)
    return np.where(values > 0, buckets, np.minimum(values, 0))


class _Slots:
    """Some entries of a list, numbered anew."""

    def __init__(self, entries: Sequence[Entry | None], chosen: Sequence[Entry]) -> None:
        self.many = other = len(chosen)
        slot_of = {entry: slot for slot, entry in enumerate(chosen)}
        own = [other if entry is None else slot_of.get(entry, other) for entry in entries]
        self._own = np.array(own, np.int64)

    def of(self, jobs: _Jobs, by: str, column: str) -> _Timed:
        """Tell of the jobs that are theirs which one, and a value, where that is known."""
        slots, values = self._own[getattr(jobs, by)], getattr(jobs, column)
        here = np.flatnonzero((slots < self.many) & (values != NONE))
        return slots[here], values[here]


def _count_values(many: int, timed: Iterable[_Timed]) -> list[Counted]:
    """Tell of each slot how often it has which value."""
    counted: list[Counted] = [{} for _ in range(many)]
    for slots, values in timed:
        for slot, value in zip(slots.tolist(), values.tolist(), strict=True):
            counted[slot][value] = counted[slot].get(value, 0) + 1
    return counted


def _count_buckets(many: int, timed: Iterable[_Timed]) -> Iterator[Counted]:
    """Tell of each slot how often it has which bucket."""
    counts = np.zeros(many * _WIDE, np.int64)
    for slots, buckets in timed:
        np.add.at(counts, slots * _WIDE + buckets, 1)
    for row in counts.reshape(-1, _WIDE):
        seen = np.flatnonzero(row)
        yield dict(zip(seen.tolist(), row[seen].tolist(), strict=True))
