"""Of the devices of a real batch the slow one is marked, and not who was told to be."""

from __future__ import annotations

from typing import Any

import pytest

from flashyard.contract.messages import FlashCompleted, FlashProgress, FlashStarted
from flashyard.contract.phases import Phase
from support.batch_shelf import Shelf
from support.rig import Rig
from support.waiting import until

SIZE = 4096

pytestmark = pytest.mark.asyncio(loop_scope="module")


def flash(rig: Rig, device: str, writing: int) -> None:
    """Have the hub tell of a job that took so many ms to write, and completed."""
    [order] = [each for each in rig.hub.starts if each.device_id == device]
    began = rig.bridge.state.now() - 100_000

    def say(kind: type[Any], seq: int, phase: Phase, after: int, **facts: object) -> None:
        head = {"job_id": order.job_id, "device_id": device, "hub_id": rig.hub.hub_id}
        rig.hub.say(kind(**head, seq=seq, phase=phase, timestamp=began + after, **facts))

    named = {"device_name": device, "partition": "boot", "total_bytes": SIZE}
    far = {"progress": 99.9, "stage": "", "total_bytes": SIZE, "transfer_speed": 0}
    far["estimated_time_remaining"] = 0
    say(FlashStarted, 1, Phase.PREPARING, 0, **named)
    say(FlashProgress, 2, Phase.WRITING, 10, bytes_transferred=0, **far)
    say(FlashProgress, 3, Phase.FINISHING, 10 + writing, bytes_transferred=SIZE, **far)
    say(FlashCompleted, 4, Phase.COMPLETED, 20 + writing)


async def test_who_is_slow_is_marked_and_who_is_held_to_a_bandwidth_is_not(rig: Rig) -> None:
    shelf = Shelf(rig, "PACE", 6)
    await shelf.start()
    await until(lambda: len(shelf.starts()) == 6)
    held, slow = shelf.devices[4:]
    await rig.plug(held, bandwidth_limit=100)
    for device in shelf.devices:
        flash(rig, device, 10_000 if device not in {held, slow} else 40_000)
    over = await shelf.ended()
    marks = {item["deviceId"]: item["slow"] for item in over["items"] if "slow" in item}
    assert (list(marks), over["slow"]) == ([slow], 1)
    assert marks[slow] == {
        "phase": "writing",
        "factor": 4.0,
        "durationMs": 40_000,
        "usualMs": 10_000,
        "speed": SIZE // 40,
        "usualSpeed": SIZE * 1000 // 10_000,
        "others": 5,
    }
