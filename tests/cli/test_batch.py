"""`flashyard batch`: in the words of `flashyard flash`, and with an end of its own."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest

from flashyard.cli.batch.work import Terms, exit_status, follow, print_one, run, steer
from flashyard.cli.listing import show
from flashyard.cli.ls import What
from flashyard.cli.wish import Manner
from flashyard.contract.batches import Batch, BatchCounts, BatchItem, BatchStatus, ItemStatus
from flashyard.contract.faults import Code, FaultError
from flashyard.contract.orders import CancelOrder
from flashyard.settings import ClientSettings
from support.processes import flashyard
from support.rig import Rig
from support.terminal import on_terminal
from support.waiting import until
from support.wishes import a_wish

DETACHED = Manner(dry_run=False, detach=True, yes=False, json=False)
ATTENDED = Manner(dry_run=False, detach=False, yes=False, json=False)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "boot.img"
    path.write_bytes(random.Random(tmp_path.name).randbytes(65_536))
    return path


@pytest.fixture
def bridge(rig: Rig) -> ClientSettings:
    return ClientSettings(url=str(rig.http.base_url))


async def end_all(rig: Rig, prefix: str, number: int, code: Code | None = None) -> None:
    """End the jobs of so many devices as they begin."""
    ended: set[str] = set()
    while len(ended) < number:
        await until(lambda: any(s.job_id not in ended for s in rig.hub.starts))
        for start in rig.hub.starts:
            if start.job_id not in ended and start.device_id.startswith(prefix):
                await until(lambda job_id=start.job_id: rig.bridge.state.fleet.job(job_id))  # type: ignore[misc]
                rig.hub.end(start.device_id, rig.job(start.job_id), code)
                ended.add(start.job_id)


async def test_a_batch_is_started_listed_told_held_and_cancelled(
    rig: Rig, bridge: ClientSettings, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    devices = [await rig.plug(f"TOLD_{number}") for number in range(3)]
    terms = Terms(name="shelf 4", max_parallel=1, max_failures=2)
    wish = a_wish("TOLD_*", "boot", str(image), verify="none")
    assert await run(bridge, wish, terms, DETACHED) == 0
    batch_id = capsys.readouterr().out.strip()
    told = (await rig.http.get(f"/api/flash/batch/{batch_id}")).json()["batch"]
    assert [item["deviceId"] for item in told["items"]] == devices
    assert (told["maxParallel"], told["maxFailures"]) == (1, 2)
    assert {k: v for k, v in told["flash"].items() if k != "image"} == {
        "partition": "boot",
        "verify": "none",
    }
    await until(lambda: rig.hub.starts)

    await steer(bridge, "pause", "shelf 4", json=False)
    assert capsys.readouterr().out == f"{batch_id}  paused\n"
    await show(bridge, What.BATCHES, everything=False, json=False)
    [row] = [line for line in capsys.readouterr().out.splitlines() if "shelf 4" in line]
    assert row.split()[:4] == [batch_id, "shelf", "4", "paused"]
    await print_one(bridge, "shelf 4", json=False)
    out = capsys.readouterr().out
    assert "1 at once, 2 failures are borne" in out
    assert any(line.split()[:3] == [devices[2], "bench-a", "waiting"] for line in out.splitlines())

    await steer(bridge, "cancel", batch_id, json=True)
    assert json.loads(capsys.readouterr().out)["requested"] == "cancel"
    await until(lambda: any(isinstance(order, CancelOrder) for order in rig.hub.orders))
    job = rig.job(rig.hub.starts[0].job_id)
    rig.hub.end(devices[0], job.with_(status="cancelled"), Code.CANCELLED)
    assert await follow(bridge, batch_id, json=True) == 3
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["status"] == "cancelled"
    with pytest.raises(FaultError, match="already ended"):
        await steer(bridge, "resume", batch_id, json=False)
    with pytest.raises(FaultError, match="no batch 'shelf 5'"):
        await print_one(bridge, "shelf 5", json=False)


@pytest.mark.parametrize("code", [None, Code.LINK_LOST])
async def test_it_is_followed_to_its_end(
    rig: Rig,
    bridge: ClientSettings,
    image: Path,
    capsys: pytest.CaptureFixture[str],
    code: Code | None,
) -> None:
    prefix = f"END_{code}"
    devices = [await rig.plug(f"{prefix}_{number}") for number in range(2)]
    wish = a_wish(",".join(devices), "boot", str(image))
    ends, came = await asyncio.gather(
        end_all(rig, prefix, 2, code), run(bridge, wish, Terms(), ATTENDED)
    )
    assert (ends, came) == (None, 1 if code else 0)
    out = capsys.readouterr().out
    assert f"{devices[0]}  {'failed (link_lost)' if code else 'completed'}" in out
    assert f"Finished: 2 {'failed' if code else 'completed'}. Total time: " in out


async def test_nothing_is_started_where_a_device_cannot_or_nobody_agrees(
    rig: Rig, bridge: ClientSettings, image: Path
) -> None:
    await rig.plug("WONT_1")
    await rig.plug("WONT_2", partitions={"boot": 1})
    await rig.plug("REAL_1", emulated=False)
    with pytest.raises(FaultError, match="WONT_2"):
        await run(bridge, a_wish("WONT_*", "boot", str(image)), Terms(), DETACHED)
    with pytest.raises(FaultError, match="only with --yes"):
        await run(bridge, a_wish("REAL_1", "boot", str(image)), Terms(), DETACHED)
    assert rig.hub.starts == []


async def test_on_a_terminal_it_is_drawn_and_can_be_left(
    rig: Rig, bridge: ClientSettings, image: Path
) -> None:
    await rig.plug("DRAWN_1")
    words = ("batch", "start", "DRAWN_*", "boot", image, "--name", "drawn", "--url", bridge.url)
    async with on_terminal(*words) as terminal:
        await terminal.shows("DRAWN_1")
        await terminal.shows("1 running")
        terminal.interrupt()
        await terminal.shows("The batch is not done. Cancel, or leave running? [c/L]")
        terminal.type("\r")
        assert await terminal.ended() == 130
        await terminal.shows("flashyard batch watch batch_")
    told = await flashyard("batch", "cancel", "drawn", env={"FLASHYARD_URL": bridge.url})
    assert told.status == 0, told.err
    assert told.out.endswith("  cancelling\n")


@pytest.mark.parametrize(
    ("status", "items", "exit_"),
    [
        ("completed", ["completed", "completed"], 0),
        ("failed", ["completed", "link_lost"], 5),
        ("failed", ["image_digest", "image_digest"], 6),
        ("failed", ["image_digest", "link_lost"], 5),
        ("stopped", ["link_lost", "skipped"], 5),
        ("cancelled", ["completed", "cancelled", "skipped"], 3),
        ("cancelled", ["link_lost", "skipped"], 5),
    ],
)
async def test_the_exit_status_says_how_it_went(status: str, items: list[str], exit_: int) -> None:
    states = {each.value for each in ItemStatus}
    made = tuple(
        BatchItem(
            device_id="A",
            device_name="A",
            hub_id="a",
            status=ItemStatus(each) if each in states else ItemStatus.FAILED,
            code=None if each in states else Code(each),
        )
        for each in items
    )
    batch = Batch(
        batch_id="batch_1",
        status=BatchStatus(status),
        created_at=1,
        total=len(made),
        counts=BatchCounts(),
        total_bytes=1,
        flash={},
        items=made,
    )
    assert exit_status(batch) == exit_
