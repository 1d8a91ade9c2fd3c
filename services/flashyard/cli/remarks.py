"""What is told of a record only where there is something to tell: a column of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flashyard.cli.amounts import clock, rate
from flashyard.cli.states import reason_of
from flashyard.cli.table import when
from flashyard.contract.batches import Batch
from flashyard.contract.limits import Limits
from flashyard.contract.model import Model
from flashyard.contract.records import Device, Hub, Job
from flashyard.contract.standing import ListedDevice


def _place(record: Model) -> str:
    position = record.position if isinstance(record, Job) else None
    return "" if position is None else str(position)


def _waits(record: Model) -> str:
    return reason_of(record) if isinstance(record, Job) else ""


def _limit(record: Model) -> str:
    held = record.limits if isinstance(record, Hub) else record
    limit = held.bandwidth_limit if isinstance(held, Job | Device | Limits) else None
    return "" if limit is None else rate(limit)


def _usually(record: Model) -> str:
    """Tell what such a job usually takes."""
    expected = record.expected if isinstance(record, Job) else None
    return "" if expected is None else clock(expected.duration_ms)


def _slow(record: Model) -> str:
    """Tell how many devices of a batch are marked."""
    slow = record.slow if isinstance(record, Batch) else None
    return str(slow or "")


def _quarantine(record: Model) -> str:
    why = record.quarantine if isinstance(record, Device) else None
    return "" if why is None else f"{why.faults} faults, the last: {why.error}"


def _trouble(record: Model) -> str:
    troubles = record.troubles if isinstance(record, Hub) and record.online else None
    return " ".join(trouble.error for trouble in troubles or ())


def _unrecorded(record: Model) -> str:
    told = record.unrecorded if isinstance(record, Hub) else None
    if told is None:
        return ""
    since = f" since {when(told.since)}" if told.since is not None else ""
    waiting = f"{told.waiting} jobs{since}" if told.waiting else ""
    return ", ".join(filter(None, (waiting, f"{told.lost} lost" if told.lost else "")))


def _standing(record: Model) -> str:
    """Tell how a device stands with the standing order it is under."""
    standing = record.standing_order if isinstance(record, ListedDevice) else None
    return f"{standing.done}, {standing.name or standing.id}" if standing else ""


REMARKS: Mapping[str, Callable[[Model], str]] = {
    "PLACE": _place,
    "WHY": _waits,
    "LIMIT": _limit,
    "USUALLY": _usually,
    "SLOW": _slow,
    "QUARANTINE": _quarantine,
    "TROUBLE": _trouble,
    "UNRECORDED": _unrecorded,
    "STANDING": _standing,
}
