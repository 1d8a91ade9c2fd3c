"""Tallies as they are told: with rates and quantiles, and with what a list has no room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flashyard.contract.faults import Code
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
from flashyard_bridge.history.statistics.groups import Entry, Groups, Kind
from flashyard_bridge.history.statistics.histogram import EXACT, Counted, Scale, quantile
from flashyard_bridge.history.statistics.tally import CANCELLED, COMPLETED, FAILED, Tally

Names = Mapping[Entry, str]
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def tell(
    groups: Groups,
    told: Mapping[Kind, Sequence[Entry]],
    devices: Names,
    images: Names,
    scale: Scale,
    *,
    of_every_end: bool,
) -> Statistics:
    """Tell of all groups the entries in ``told``, in that order, with what some are called.

    ``scale`` is the one that durations and speeds were counted on; only ``of_every_end`` there are
    success rates.
    """

    def said_of(tally: Tally) -> dict[str, Any]:
        return _counts(tally, scale) | ({} if of_every_end else {"success_rate": None})

    def counts(kind: Kind) -> list[tuple[Any, dict[str, Any]]]:
        return [(entry, said_of(groups[kind][entry])) for entry in told[kind]]

    return Statistics(
        totals=Counts(**said_of(groups["totals"][()])),
        devices=tuple(
            DeviceCounts(device_id=entry[0], device_name=devices.get(entry), **said)
            for entry, said in counts("devices")
        ),
        partitions=tuple(
            PartitionCounts(partition=partition, **said)
            for (partition,), said in counts("partitions")
        ),
        images=tuple(
            ImageCounts(sha256=entry[0] or None, name=images.get(entry), **said)
            for entry, said in counts("images")
        ),
        ports=tuple(
            PortCounts(hub_id=hub_id, port=port or None, **said)
            for (hub_id, port), said in counts("ports")
        ),
        hubs=tuple(HubCounts(hub_id=hub_id, **said) for (hub_id,), said in counts("hubs")),
        days=tuple(DayCounts(day=_date(day), **said) for (day,), said in counts("days")),
        faults=tuple(
            FaultCounts(
                code=Code(str(entry[0])) if entry[0] else None,
                failed=groups["faults"][entry].jobs[FAILED],
            )
            for entry in told["faults"]
        ),
        left_out={kind: rest for kind in told if (rest := _rest(groups, kind, told[kind]))},
        quantiles="exact" if scale is EXACT else "within 2 %",
    )


def _counts(tally: Tally, scale: Scale) -> dict[str, Any]:
    completed, failed = tally.jobs[COMPLETED], tally.jobs[FAILED]
    judged = completed + failed
    return {
        "jobs": tally.total,
        "completed": completed,
        "failed": failed,
        "cancelled": tally.jobs[CANCELLED],
        "bytes": sum(tally.sizes),
        "success_rate": completed * 10**6 // judged / 10**6 if judged else None,
        "duration_ms": _quantiles(tally.durations, scale),
        "speed": _quantiles(tally.speeds, scale),
    }


def _quantiles(counted: Counted, scale: Scale) -> Quantiles | None:
    if not counted:
        return None
    median, p95 = (scale.value_of(quantile(counted, percent)) for percent in (50, 95))
    return Quantiles(median=median, p95=p95)


def _rest(groups: Groups, kind: Kind, told: Sequence[Entry]) -> LeftOut | None:
    tallies = groups[kind]
    rest = [tallies[entry] for entry in tallies.keys() - set(told) if tallies[entry].total]
    if not rest:
        return None
    return LeftOut(
        entries=len(rest),
        jobs=sum(tally.total for tally in rest),
        failed=sum(tally.jobs[FAILED] for tally in rest),
    )


def _date(day: int) -> str:
    return f"{_FIRST + timedelta(days=day):%Y-%m-%d}"
