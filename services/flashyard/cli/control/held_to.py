"""What a job, a device or a hub is held to, in a few words. Pure."""

from __future__ import annotations

from flashyard.cli.amounts import rate
from flashyard.contract.records import Device, Hub, Job


def held_to(record: Job | Device | Hub) -> str:
    """Tell it, its limits included, where it has any."""
    match record:
        case Job():
            return ", ".join([f"priority {record.priority}", *_limit(record.bandwidth_limit)])
        case Hub(limits=limits):
            words = [f"{limits.max_parallel} at once", *_limit(limits.bandwidth_limit)]
            return ", ".join([*words, *_limit(limits.download_limit, " for images")])
        case Device():
            return ", ".join(_limit(record.bandwidth_limit)) or "no limit"


def _limit(per_second: int | None, what: str = "") -> list[str]:
    return [] if per_second is None else [f"at most {rate(per_second)}{what}"]
