"""A job whose link to its device broke goes on from its last mark, and nobody is told an end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flashyard.agent.recovery.backoff import Backoff
from flashyard.agent.recovery.stall import Deadline
from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashProgress
from flashyard.contract.phases import Phase
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.images.generated import Generated
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.hub_at_work import HubAtWork, Plug, hub_at_work, new_hub
from support.waiting import until

SOON, NEVER = Backoff(0.05, 2.0, 1.0), Backoff(1e6, 1.0, 1e6)
SHORT = Limits(stall=0.5, flash=0.5, erase=0.5, reboot=0.5, download=0.5)
RETRIED: dict[str, Any] = {"retries": 2, "timing": {"link_again": SOON, "flashing": SHORT}}
PARTS = 4  # of 4 MB, where a device takes a MiB at once
AGAIN = "Link lost; trying again in 0.05 s (1 of 2)"


def stages(peer: BridgePeer, job_id: str) -> list[tuple[Phase | None, str]]:
    told = [said for said in peer.events(job_id) if isinstance(said, FlashProgress)]
    return [(said.phase, said.stage) for said in told]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_it_goes_on_from_its_last_mark_and_the_device_has_all_of_it(
    peer: BridgePeer, plug: Plug, tmp_path: Path, transport: str
) -> None:
    device = plug("DEVICE_1", transport, "flash:3=cut@0", max_download_size=MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **RETRIED):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=4_000_000)).job_id
        await peer.completed(job_id)
        stream = b"".join(Generated(job_id, 4_000_000).views(0, 4_000_000))
        assert device.content("system")[:4_000_000] == stream
        # The part that was under way, and none that was written.
        assert device.commands.count("flash:system") == PARTS + 1
        told = stages(peer, job_id)
        again = next(n for n, (_, stage) in enumerate(told) if stage.endswith("(1 of 2)"))
        assert told[again][0] is Phase.PREPARING
        after = [phase for phase, _ in told[again:]]
        assert [phase for n, phase in enumerate(after) if n == 0 or phase != after[n - 1]] == [
            Phase.PREPARING,
            Phase.IDENTIFYING,
            Phase.WRITING,
            Phase.FINISHING,
        ]
        assert told[again][1] in peer.log(job_id)
        check_story(peer, job_id)


@pytest.mark.parametrize(
    "fault", ["erase:1=cut@0", "download:1=cut@0", "download:1=cut@300K", "download:2=silence"]
)
async def test_wherever_it_breaks_it_goes_on(
    peer: BridgePeer, plug: Plug, tmp_path: Path, fault: str
) -> None:
    device = plug("DEVICE_1", "tcp", fault, max_download_size=MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **RETRIED):
        await peer.online("DEVICE_1")
        asked: dict[str, Any] = {"total_bytes": 3 * MIB, "options": {"erase": True}}
        job_id = (await peer.start("DEVICE_1", **asked)).job_id
        await peer.completed(job_id)
        stream = b"".join(Generated(job_id, 3 * MIB).views(0, 3 * MIB))
        assert device.content("system")[: 3 * MIB] == stream
        check_story(peer, job_id)


async def test_a_stall_is_tried_again_too(peer: BridgePeer, plug: Plug, tmp_path: Path) -> None:
    address = plug("DEVICE_1", "tcp", "flash:1=silence").address
    told = RETRIED["timing"] | {"stalls": {Phase.WRITING: Deadline(0.1, 600.0)}}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": address}, retries=2, timing=told):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1")).job_id
        await peer.completed(job_id)
        said = [stage for _, stage in stages(peer, job_id)]
        assert "The device takes too long; trying again in 0.05 s (1 of 2)" in said
        check_story(peer, job_id)


async def test_it_is_tried_so_often_and_then_told_why(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash=cut@0")
    told = {**RETRIED, "quarantine_after": 2}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **told):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1")).job_id
        end = await peer.failed(job_id, Code.LINK_LOST)
        assert end.device_state == "system may be partly written"
        assert device.commands.count("flash:system") == 3
        counted = [stage for _, stage in stages(peer, job_id) if "trying again" in stage]
        assert list(dict.fromkeys(counted)) == [AGAIN, "Link lost; trying again in 0.1 s (2 of 2)"]
        check_story(peer, job_id)
        assert peer.devices["DEVICE_1"].quarantine is None, "one job is one fault"


@pytest.mark.parametrize(
    ("fault", "code"),
    [("flash=fail", Code.DEVICE_REFUSED), ("flash=garble", Code.PROTOCOL_ERROR)],
)
async def test_what_is_no_matter_of_the_link_is_not_tried_again(
    peer: BridgePeer, plug: Plug, tmp_path: Path, fault: str, code: Code
) -> None:
    device = plug("DEVICE_1", "tcp", fault)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **RETRIED):
        await peer.online("DEVICE_1")
        await peer.failed((await peer.start("DEVICE_1")).job_id, code)
        assert device.commands.count("flash:system") == 1


async def test_a_device_that_was_told_to_go_is_not_flashed_again(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "reboot=cut@0")
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **RETRIED):
        await peer.online("DEVICE_1")
        await peer.ended((await peer.start("DEVICE_1")).job_id)
        assert device.commands.count("flash:system") == 1


async def test_a_cancel_ends_the_wait(peer: BridgePeer, plug: Plug, tmp_path: Path) -> None:
    device = plug("DEVICE_1", "tcp", "flash:1=cut@0")
    timing = {"link_again": NEVER, "flashing": SHORT}
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, retries=2, timing=timing
    ):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1")).job_id
        await until(lambda: any("trying again" in stage for _, stage in stages(peer, job_id)))
        told = peer.events(job_id)
        await until(lambda: len(peer.events(job_id)) > len(told) or peer.samples(job_id))
        assert "trying again" in peer.events(job_id)[-1].stage, "it stays so while it waits"
        assert (await peer.cancel(job_id)).accepted
        end = await peer.failed(job_id, Code.CANCELLED)
        assert end.device_state == "system may be partly written"
        await peer.completed((await peer.start("DEVICE_1")).job_id)


async def test_a_pause_ends_the_wait_and_a_resume_goes_on(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash:3=cut@0", max_download_size=MIB)
    timing = {"link_again": NEVER, "flashing": SHORT}
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, retries=2, timing=timing
    ):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=4_000_000)).job_id
        await until(lambda: any("trying again" in stage for _, stage in stages(peer, job_id)))
        assert (await peer.pause(job_id)).accepted
        await until(lambda: peer.types(job_id)[-1] == "paused")
        assert (await peer.resume(job_id)).accepted
        await peer.completed(job_id)
        assert device.commands.count("flash:system") == PARTS + 1
        check_story(peer, job_id)


async def test_a_link_that_breaks_before_the_safe_point_of_a_pause_is_no_end(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash:2=silence", max_download_size=MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **RETRIED):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=4_000_000)).job_id
        await until(lambda: device.commands.count("flash:system") == 2)
        assert (await peer.pause(job_id)).accepted
        await until(lambda: peer.types(job_id)[-1] == "paused")
        assert (await peer.resume(job_id)).accepted
        await peer.completed(job_id)
        assert device.commands.count("flash:system") == PARTS + 1
        check_story(peer, job_id)


async def test_a_link_that_breaks_while_the_hub_goes_is_left_to_its_next_run(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash:2=silence", max_download_size=MIB)
    addresses = {"DEVICE_1": device.address}
    first = HubAtWork(new_hub(peer.link_url, tmp_path, addresses, **RETRIED))
    await first.serving()
    await peer.online("DEVICE_1")
    job_id = (await peer.start("DEVICE_1", total_bytes=4_000_000)).job_id
    await until(lambda: device.commands.count("flash:system") == 2)
    await first.stop()
    async with hub_at_work(peer.link_url, tmp_path, addresses, **RETRIED):
        await peer.completed(job_id)
        assert device.commands.count("flash:system") == PARTS + 1


async def test_how_often_it_was_tried_outlives_the_hub(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash=cut@0")
    addresses = {"DEVICE_1": device.address}
    timing = {"link_again": NEVER, "flashing": SHORT}
    first = HubAtWork(new_hub(peer.link_url, tmp_path, addresses, retries=1, timing=timing))
    await first.serving()
    await peer.online("DEVICE_1")
    job_id = (await peer.start("DEVICE_1")).job_id
    await until(lambda: any("(1 of 1)" in stage for _, stage in stages(peer, job_id)))
    await first.die()
    async with hub_at_work(peer.link_url, tmp_path, addresses, retries=1, timing=timing):
        await peer.failed(job_id, Code.LINK_LOST)
        assert device.commands.count("flash:system") == 2
