"""What a batch does next: which devices to start, whether to stop, how it ended. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flashyard.contract.batches import BatchStatus, ItemStatus

_UNDER_WAY = frozenset({ItemStatus.STARTING, ItemStatus.RUNNING})


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits a batch keeps; None is none.

    ``max_failures`` and ``max_failure_percent`` (of all its devices) are borne: one more stops it.
    """

    max_parallel: int | None = None
    max_failures: int | None = None
    max_failure_percent: float | None = None


class Verdict(NamedTuple):
    """What is to happen now.

    ``start``: indices of items, in order; ``is_to_skip``: what waits is never started;
    ``stopped_because``: why it stops, where it does so now; ``end``: how it ended.
    """

    start: tuple[int, ...] = ()
    is_to_skip: bool = False
    stopped_because: str | None = None
    end: BatchStatus | None = None


def decide(
    statuses: Sequence[ItemStatus],
    terms: Terms,
    *,
    is_paused: bool = False,
    is_cancelling: bool = False,
    has_stopped: bool = False,
    out_of_reach: Collection[int] = (),
) -> Verdict:
    """Decide on the items' states.

    Args:
        statuses: in the order in which devices are started.
        terms: the batch's limits.
        is_paused: it starts nothing.
        is_cancelling: somebody has cancelled it.
        has_stopped: too many failed already.
        out_of_reach: indices of items whose hub cannot be asked now; they wait for it.
    """
    counts = Counter(statuses)
    waiting = counts[ItemStatus.WAITING]
    why = None if is_cancelling or has_stopped else reason_to_stop(counts, terms)
    is_over = is_cancelling or has_stopped or why is not None
    if not any(counts[each] for each in _UNDER_WAY) and (is_over or not waiting):
        end = BatchStatus.STOPPED if has_stopped or why else _end(counts)
        return Verdict(is_to_skip=waiting > 0, stopped_because=why, end=end)
    if is_over:
        return Verdict(is_to_skip=waiting > 0, stopped_because=why)
    if is_paused:
        return Verdict()
    due = [
        index
        for index, status in enumerate(statuses)
        if status is ItemStatus.WAITING and index not in out_of_reach
    ]
    if terms.max_parallel is not None:
        due = due[: max(0, terms.max_parallel - sum(counts[each] for each in _UNDER_WAY))]
    return Verdict(start=tuple(due))


def reason_to_stop(counts: Counter[ItemStatus], terms: Terms) -> str | None:
    """Say why no more devices are to be started; None where none waits, or too few failed."""
    failed, total = counts[ItemStatus.FAILED], counts.total()
    if not failed or not counts[ItemStatus.WAITING]:
        return None
    so_many = f"{failed} of {total} devices failed"
    if terms.max_failures is not None and failed > terms.max_failures:
        return f"{so_many}; more than {terms.max_failures} stop the batch."
    percent = terms.max_failure_percent
    if percent is not None and failed * 100 > percent * total:
        return f"{so_many}; more than {percent:g} % stop the batch."
    return None


def _end(counts: Counter[ItemStatus]) -> BatchStatus:
    """Tell the end of one that has not stopped: what was asked for counts as far as it was had."""
    if counts[ItemStatus.WAITING] or counts[ItemStatus.SKIPPED]:
        return BatchStatus.CANCELLED
    if counts[ItemStatus.FAILED]:
        return BatchStatus.FAILED
    return BatchStatus.CANCELLED if counts[ItemStatus.CANCELLED] else BatchStatus.COMPLETED
