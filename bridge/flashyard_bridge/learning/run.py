"""How long one job took over what, and the newest few of a kind. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from flashyard.contract.history import MAX_SPANS, JobRecord
from flashyard.contract.phases import Phase, Status

NEWEST = 20  # runs of a kind; the median follows a change after ten

# The more there is to write, the longer these take.
_BY_BYTES = frozenset({Phase.PREPARING, Phase.WRITING, Phase.SYNCING, Phase.VERIFYING})


class Part(NamedTuple):
    """A phase, and the partition it was about, where it was about one."""

    phase: Phase
    partition: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """One job that completed.

    Attributes:
        at: when it did, Unix ms.
        bytes: of content.
        parts: ms in each part, in the order in which they were first come to.
    """

    at: int
    bytes: int
    parts: dict[Part, int]

    def scaled_to(self, amount: int) -> Run:
        """Tell how long so many bytes would have taken, and of no partition in particular."""
        parts: dict[Part, int] = {}
        for part, ms in self.parts.items():
            whole = Part(part.phase, None)
            long = ms * amount // self.bytes if part.phase in _BY_BYTES and self.bytes else ms
            parts[whole] = parts.get(whole, 0) + long
        return Run(self.at, amount, parts)


def run_of(record: JobRecord) -> Run | None:
    """Take from a record what can be learnt; None: nothing of what is usual.

    Not from one that was held to a bandwidth of its own, nor from one whose story is not whole.
    """
    job = record.job
    is_whole = 0 < len(record.spans) < MAX_SPANS
    if job.status is not Status.COMPLETED or job.bandwidth_limit is not None or not is_whole:
        return None
    parts: dict[Part, int] = {}
    for span in record.spans:
        if span.phase is not Phase.QUEUED:
            part = Part(span.phase, span.partition)
            parts[part] = parts.get(part, 0) + span.duration_ms
    return Run(job.finished_at or record.timestamp, job.total_bytes, parts) if parts else None


def add(pack: dict[str, Any], run: Run) -> None:
    """Put a run to others in JSON: ``{parts: [[phase, partition], …], runs: [[at, bytes, …], …]}``.

    Behind the bytes of each come pairs: a part's place among the parts, and ms. Of more than twenty
    the oldest go.
    """
    names: list[list[str | None]] = pack.setdefault("parts", [])
    runs: list[list[int]] = pack.setdefault("runs", [])
    told = [run.at, run.bytes]
    for part, ms in run.parts.items():
        name: list[str | None] = [*part]
        if name not in names:
            names.append(name)
        told += (names.index(name), ms)
    runs.append(told)
    runs.sort(key=itemgetter(0))
    del runs[:-NEWEST]


def unpacked(pack: dict[str, Any]) -> Iterator[Run]:
    """Take them out again, the oldest first."""
    names = [Part(Phase(phase), partition) for phase, partition in pack["parts"]]
    for at, amount, *pairs in pack["runs"]:
        parts = {names[number]: ms for number, ms in zip(pairs[::2], pairs[1::2], strict=True)}
        yield Run(at, amount, parts)
