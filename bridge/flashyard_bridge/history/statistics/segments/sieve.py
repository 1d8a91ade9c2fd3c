"""Which jobs of a segment are sought."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flashyard_bridge.history.sought import Sought, Trait, storable
from flashyard_bridge.history.statistics.segments.lines import mentioning
from flashyard_bridge.history.statistics.segments.segment import GAP, Array, Segment, Side

_LIST_OF: Mapping[str, tuple[Side, str]] = {  # by a trait's kind
    "device": ("unit", "device"),
    "serial": ("unit", "serial"),
    "hub": ("place", "hub"),
    "port": ("place", "port"),
    "partition": ("content", "partitions"),
    "image": ("content", "images"),
    "status": ("outcome", "status"),
    "code": ("outcome", "code"),
}
_OF_STEPS = {"partitions", "images"}
_SAID: tuple[Side, ...] = ("unit", "content", "outcome")


def sift(segment: Segment, sought: Sought) -> Array:
    """Tell their places, in order."""
    jobs = segment.jobs
    if not len(jobs):
        return np.zeros(0, np.intp)
    meant = (jobs["ended_at"] >= sought.since) & (jobs["ended_at"] < sought.until)
    for trait in sought.traits:
        meant &= _having(segment, trait)
    for word in sought.words:
        meant &= _mentioning(segment, word.encode())
    return np.flatnonzero(meant)


def _having(segment: Segment, trait: Trait) -> Array:
    side, name = _LIST_OF[trait.kind]
    value, texts = trait.value, segment.texts(name)
    if name in _OF_STEPS:
        holds = [value in text.split(GAP) for text in texts]
    else:
        values = {value, storable(value)}  # as this database has it, or another
        holds = [text in values for text in texts]
    return _of_jobs(segment, side, np.array(holds))


def _mentioning(segment: Segment, word: bytes) -> Array:
    found = mentioning(segment.ids, word)
    for side in _SAID:
        found |= _of_jobs(segment, side, mentioning(segment.lists[side], word))
    return found


def _of_jobs(segment: Segment, side: Side, holds: Array) -> Array:
    """Tell of each job what holds of its place in a list."""
    of_jobs: Array = holds[segment.jobs[side]]
    return of_jobs
