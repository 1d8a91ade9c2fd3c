"""What ended jobs add up to, as a terminal shows it: the whole, then list by list. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from flashyard.cli.amounts import rate, size
from flashyard.cli.history.rows import took
from flashyard.contract.statistics import (
    Counts,
    DayCounts,
    DeviceCounts,
    FaultCounts,
    HubCounts,
    ImageCounts,
    LeftOut,
    PartitionCounts,
    PortCounts,
    Quantiles,
    Statistics,
)

_TIMES = ("TOOK MEDIAN", "TOOK P95", "SPEED MEDIAN", "SPEED P95")
_COUNTS = ("JOBS", "FAILED", "CANCELLED", "SUCCESS", *_TIMES)
_SPARE_TIMES = ("SPEED MEDIAN", "TOOK MEDIAN")
SPARE = ("SPEED P95", "TOOK P95", "CANCELLED", "NAME", "SHA256", *_SPARE_TIMES, "HUB")
_HEADS = {
    "faults": ("FAULT", "FAILED"),
    "ports": ("PORT", "HUB", *_COUNTS),
    "images": ("IMAGE", "SHA256", *_COUNTS),
    "devices": ("DEVICE", "NAME", *_COUNTS),
    "partitions": ("PARTITION", *_COUNTS),
    "hubs": ("HUB", *_COUNTS),
    "days": ("DAY", *_COUNTS),
}


class Section(NamedTuple):
    """A list: its heads, its rows, and a line on what it has no room for, or nothing."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    rest: str


def facts(told: Statistics) -> Sequence[tuple[str, str]]:
    """Tell the whole, fact by fact."""
    whole = told.totals
    ends = f"{whole.completed} completed, {whole.failed} failed, {whole.cancelled} cancelled"
    known = {
        "jobs": f"{whole.jobs}: {ends}",
        "success": _percent(whole),
        "written": size(whole.bytes),
        "took": _both(whole.duration_ms, took),
        "speed": _both(whole.speed, rate),
        "precise": "" if told.quantiles == "exact" else f"times and speeds {told.quantiles}",
    }
    return [(name, value) for name, value in known.items() if value]


def sections(told: Statistics) -> Iterator[Section]:
    """Tell the lists that are not empty, what explains failures first."""
    for name, heads in _HEADS.items():
        entries: Sequence[Counts | FaultCounts] = getattr(told, name)
        if entries:
            yield Section(heads, [_row(entry) for entry in entries], _rest(told.left_out.get(name)))


def _row(entry: Counts | FaultCounts) -> Sequence[str]:
    if isinstance(entry, FaultCounts):
        return entry.code or "none", str(entry.failed)
    return *_who(entry), *_cells(entry)


def _who(entry: Counts) -> Sequence[str]:
    match entry:
        case PortCounts():
            return entry.port or "not known", entry.hub_id
        case ImageCounts():
            return entry.name or ("" if entry.sha256 else "none"), (entry.sha256 or "")[:16]
        case DeviceCounts():
            return entry.device_id, entry.device_name or ""
        case PartitionCounts():
            return (entry.partition,)
        case HubCounts():
            return (entry.hub_id,)
        case DayCounts():
            return (entry.day,)
    raise TypeError(f"{type(entry).__name__} is in no list")


def _cells(entry: Counts) -> Sequence[str]:
    duration, speed = entry.duration_ms, entry.speed
    return (
        str(entry.jobs),
        str(entry.failed or ""),
        str(entry.cancelled or ""),
        _percent(entry),
        took(duration.median) if duration else "",
        took(duration.p95) if duration else "",
        rate(speed.median) if speed else "",
        rate(speed.p95) if speed else "",
    )


def _percent(counts: Counts) -> str:
    """Tell the success rate, rounded down: only all of them are 100 %."""
    success = counts.success_rate
    return "" if success is None else f"{int(success * 1000) / 10:.1f} %"


def _both(quantiles: Quantiles | None, say: Callable[[int], str]) -> str:
    return f"median {say(quantiles.median)}, p95 {say(quantiles.p95)}" if quantiles else ""


def _rest(left_out: LeftOut | None) -> str:
    if left_out is None:
        return ""
    entries, jobs, failed = left_out.entries, left_out.jobs, left_out.failed
    return f"and {entries} more, with {jobs} jobs, {failed} of them failed"
