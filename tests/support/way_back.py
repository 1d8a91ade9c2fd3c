"""Jobs with a way back: five partitions, what was good in them, and what came of it."""

from __future__ import annotations

import random
from typing import Any

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashFailed
from flashyard.contract.orders import OrderStep, RollbackPlan
from flashyard.contract.rollback import Outcome
from flashyard.flash.fastboot.limits import Limits
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.image_server import stored
from support.waiting import until

FIVE = ("boot", "dtbo", "vendor", "system", "vbmeta")
OLD = {name: random.Random(f"old {name}").randbytes(100_000) for name in FIVE}
NEW = {name: random.Random(f"new {name}").randbytes(100_000) for name in FIVE}
AB: dict[str, Any] = {"slots": 2, "partitions": dict.fromkeys(FIVE, MIB)}
HASTY = {"flashing": Limits(connect=0.5, handshake=0.5, reboot=1.0, flash=1.0), "look_for": 1.0}


def steps(contents: dict[str, bytes]) -> tuple[OrderStep, ...]:
    return tuple(
        OrderStep(partition=name, image=stored(content), query="hub=bench-a")
        for name, content in contents.items()
    )


def asked(kind: Any, **options: Any) -> dict[str, Any]:
    good = steps(OLD) if kind == "last-good" else ()
    return {
        "partition": "boot",
        "steps": steps(NEW),
        "total_bytes": sum(map(len, NEW.values())),
        "rollback": RollbackPlan(kind=kind, steps=good, plan="Back it goes."),
        "options": {"rollback": kind, **options},
    }


async def came_of(
    peer: BridgePeer, job_id: str, code: Code, outcome: Outcome, *, one_life: bool = True
) -> FlashFailed:
    """Wait for the end; event, record and the device's own record say the same of it.

    ``one_life``: the hub lived through it, and every word of it was heard.
    """
    end = await peer.failed(job_id, code)
    record = peer.record_of(job_id)
    assert record is not None
    assert end.rollback is not None
    assert end.rollback.outcome == outcome
    assert record.job.rollback == end.rollback
    await until(lambda: peer.devices["DEVICE_1"].recent)
    assert peer.devices["DEVICE_1"].recent[-1].rollback == end.rollback
    assert end.rollback.plan == "Back it goes."
    if one_life:
        check_story(peer, job_id)
    return end
