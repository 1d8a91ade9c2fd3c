"""What the record of a job tells of its way, with pauses, broken links and kills on it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import flashyard
from flashyard.agent.recovery.backoff import Backoff
from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import FlashProgress
from flashyard.contract.phases import Phase
from flashyard.contract.requester import Requester
from flashyard.flash.fastboot.limits import Limits
from support.bridge_peer import BridgePeer
from support.emulated import MIB
from support.hub_at_work import HubAtWork, Plug, hub_at_work, new_hub
from support.waiting import until

WHO = Requester(identity="ann", user="line 4", address="10.0.0.7", agent="flashyard/1")
SOON = Backoff(0.05, 2.0, 1.0)
RETRIED: dict[str, Any] = {
    "retries": 2,
    "timing": {"link_again": SOON, "flashing": Limits(flash=0.5)},
}


async def record_of(peer: BridgePeer, job_id: str) -> JobRecord:
    await peer.ended(job_id)
    record = peer.record_of(job_id)
    assert record is not None
    return record


def phases(record: JobRecord) -> list[tuple[str, str | None]]:
    return [(span.phase.value, span.partition) for span in record.spans]


def texts(record: JobRecord) -> list[str]:
    return [line.text for line in record.log]


async def writing(peer: BridgePeer, job_id: str) -> None:
    await until(lambda: any(said.progress > 0 for said in peer.said(FlashProgress, job_id)))


async def test_a_plain_job(peer: BridgePeer, plug: Plug, tmp_path: Path) -> None:
    address = plug(link_speed=4 * MIB).address
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": address}):
        await peer.online("DEVICE_1")
        first = await peer.start("DEVICE_1", total_bytes=2 * MIB, asked_by=WHO)
        second = await peer.start("DEVICE_1", total_bytes=1000, options={"erase": True})
        record, other = [await record_of(peer, each.job_id) for each in (first, second)]
    told = record.port, record.serial, record.product, record.emulated
    assert told == (f"tcp:{address.host}:{address.port}", "DEVICE_1", "flashyard", True)
    assert (record.version, record.asked_by) == (flashyard.__version__, WHO)
    plain = [("preparing", None), ("identifying", None), ("writing", "system"), ("finishing", None)]
    assert phases(record) == plain
    assert phases(other) == [("queued", None), *plain[:2], ("erasing", "system"), *plain[2:]]
    assert record.spans[2].duration_ms >= 400, "2 MiB at 4 MiB/s"
    took = (record.job.finished_at or 0) - (record.job.started_at or 0)
    assert abs(sum(span.duration_ms for span in record.spans) - took) < 100
    assert other.spans[0].duration_ms >= took - 100, "it waited for the other"
    assert record.mishaps == other.mishaps == ()


async def test_a_pause_is_in_no_span_and_ends_one(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    address = plug(link_speed=4 * MIB).address
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": address}, part_size=MIB):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=3 * MIB)).job_id
        await writing(peer, job_id)
        await peer.pause(job_id)
        await until(lambda: peer.types(job_id)[-1] == "paused")
        await peer.resume(job_id)
        record = await record_of(peer, job_id)
    told = phases(record)
    assert told.count(("writing", "system")) == 2
    assert told.count(("preparing", None)) == 2
    assert record.mishaps == ()


async def test_a_broken_link_ends_a_span_and_is_a_mishap_that_was_survived(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash:2=cut@0", max_download_size=MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **RETRIED):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=3 * MIB)).job_id
        record = await record_of(peer, job_id)
    assert phases(record).count(("writing", "system")) == 2
    [mishap] = record.mishaps
    assert (mishap.code, mishap.phase) == (Code.LINK_LOST, Phase.WRITING)
    assert record.job.started_at is not None
    assert record.job.started_at <= mishap.at <= (record.job.finished_at or 0)


async def test_each_fault_is_told_and_the_one_it_ended_by_is_the_last(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash:1=cut@0", "flash:2=fail")
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, **RETRIED):
        await peer.online("DEVICE_1")
        record = await record_of(peer, (await peer.start("DEVICE_1")).job_id)
        assert [each.code for each in record.mishaps] == [Code.LINK_LOST, Code.DEVICE_REFUSED]
        assert record.mishaps[-1].details == record.job.details
        waits = (await peer.start("DEVICE_1", not_before=peer.clock() + 3_600_000)).job_id
        await peer.cancel(waits)
        record = await record_of(peer, waits)
        assert [(each.code, each.phase) for each in record.mishaps] == [
            (Code.CANCELLED, Phase.QUEUED)
        ]
        assert phases(record) == [("queued", None)]
        assert record.serial == "DEVICE_1"


async def test_log_spans_and_mishaps_of_the_time_before_a_kill_are_in_it(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash:1=cut@0", link_speed=4 * MIB)
    addresses = {"DEVICE_1": device.address}
    hub = partial(new_hub, peer.link_url, tmp_path, addresses, part_size=MIB, **RETRIED)
    first = HubAtWork(hub())
    await first.serving()
    await peer.online("DEVICE_1")
    job_id = (await peer.start("DEVICE_1", total_bytes=5 * MIB, asked_by=WHO)).job_id
    await until(lambda: device.commands.count("flash:system") >= 4)
    await first.die()
    second = HubAtWork(hub())
    await second.serving()
    record = await record_of(peer, job_id)
    await second.stop()
    lines = texts(record)
    assert lines[0] == "Started on hub bench-a"
    assert lines[-1] == "Completed"
    restarted = lines.index("The hub was restarted")
    assert "system: part 1 written" in lines[:restarted]
    assert sum(line.startswith("Link lost; trying again") for line in lines) == 1
    assert [each.code for each in record.mishaps] == [Code.LINK_LOST, Code.INTERRUPTED]
    parts = [span for span in record.spans if span.phase is Phase.WRITING]
    assert len(parts) == 3
    assert parts[1].duration_ms >= 250, "at least a part was written by then"
    assert (record.asked_by, record.serial) == (WHO, "DEVICE_1")
