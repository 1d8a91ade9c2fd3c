"""What keeps a job waiting at a hub, what is said of it meanwhile, and who goes before it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from flashyard.agent.clock import Clock
from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.orders import Receipt
from flashyard.contract.phases import Status
from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.fastboot.transport import Address
from support.bridge_peer import BridgePeer, check_story, now_ms
from support.brokers import free_port
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until

HOUR = 3_600_000  # ms


class Wall:
    """A host's clock that people set."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> int:
        return now_ms() + self.ahead

    @property
    def clock(self) -> Clock:
        return Clock(wall=lambda: self.now() / 1000)


def waiting(peer: BridgePeer, device_id: str = "DEVICE_1") -> list[tuple[str, str | None]]:
    """The jobs that wait for a device, as its record has them, each with what it waits for."""
    return [(entry.job_id, entry.stage) for entry in peer.devices[device_id].queue]


def begun(peer: BridgePeer, *jobs: str) -> list[str]:
    """Sort jobs that have ended by when they began."""
    records = [peer.said(JobRecord, job_id)[0] for job_id in jobs]
    return [record.job_id for record in sorted(records, key=lambda each: each.job.started_at or 0)]


async def rank(peer: BridgePeer, job_id: str, priority: int) -> Receipt:
    """Give a job another priority."""
    answer = await peer.limit(job_id=job_id, priority=priority)
    assert isinstance(answer, Receipt)
    return answer


async def test_the_highest_priority_goes_first_and_a_changed_one_behind_its_equals(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=4 * MIB)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        runs = (await peer.start("DEVICE_1", total_bytes=10 * MIB)).job_id
        receipts = [await peer.start("DEVICE_1", priority=p) for p in (5, 0, 9, 5)]
        assert [receipt.position for receipt in receipts] == [1, 2, 1, 3]
        usual, low, urgent, later = (receipt.job_id for receipt in receipts)
        ranked = await rank(peer, low, 5)
        assert (ranked.accepted, ranked.position) == (True, 4)
        order = [urgent, usual, later, low]
        await until(lambda: [each for each, _ in waiting(peer)] == order)
        assert [entry.priority for entry in peer.devices["DEVICE_1"].queue] == [9, 5, 5, 5]
        assert (await rank(peer, runs, 9)).status is Status.RUNNING
        await until(lambda: (job := peer.devices["DEVICE_1"].current_job) and job.priority == 9)
        for job_id in (runs, *order):
            await peer.completed(job_id)
        assert begun(peer, *order) == order
        too_late = await rank(peer, runs, 9)
        assert (too_late.accepted, too_late.code) == (False, Code.ALREADY_FINAL)


async def test_a_job_whose_time_has_not_come_says_so_keeps_its_place_and_holds_up_nobody(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device, wall = plug(), Wall()
    peer.clock = wall.now
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, clock=wall.clock):
        await peer.online("DEVICE_1")
        due = wall.now() + HOUR
        receipt = await peer.start("DEVICE_1", not_before=due)
        assert (receipt.status, receipt.position) == (Status.QUEUED, 1)
        later = receipt.job_id
        day = "" if due // 86_400_000 == now_ms() // 86_400_000 else "%Y-%m-%d "
        said = datetime.fromtimestamp(due / 1000, UTC).strftime(f"Waiting until {day}%H:%M:%S UTC")
        await until(lambda: waiting(peer) == [(later, said)])
        assert peer.devices["DEVICE_1"].queue[0].not_before == due
        now = await peer.start("DEVICE_1")
        assert now.status is Status.RUNNING
        await peer.completed(now.job_id)
        assert [each for each, _ in waiting(peer)] == [later]
        assert device.commands[-1] == "reboot", "who waits for a time leaves no restart to do"
        wall.ahead = HOUR + 1000
        await peer.announce()  # the bridge's time counts, and what a host believes does not
        await peer.completed(later)
        assert check_story(peer, later)[:2] == ["queued", "started"]


async def test_a_clock_set_back_by_an_hour_makes_a_job_wait_no_longer_than_its_time_says(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device, wall = plug(), Wall()
    peer.clock = wall.now
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, clock=wall.clock):
        await peer.online("DEVICE_1")
        soon = (await peer.start("DEVICE_1", not_before=wall.now() + 2000)).job_id
        await until(lambda: waiting(peer))
        wall.ahead = -HOUR  # of this host; the bridge tells its own time, that did not change
        peer.clock = now_ms
        await peer.announce()
        await peer.completed(soon)


async def test_a_job_asked_to_wait_for_its_device_begins_when_it_is_there(
    peer: BridgePeer, tmp_path: Path
) -> None:
    port = free_port()
    devices = {"DEVICE_1": Address("tcp", "127.0.0.1", port)}
    profile = Profile(serial="DEVICE_1", link_speed=20 * MIB)
    timing = {"wait_for_device": 0.3}
    async with hub_at_work(peer.link_url, tmp_path, devices, timing=timing):
        await until(lambda: "DEVICE_1" in peer.devices)
        refused = await peer.start("DEVICE_1")
        assert (refused.accepted, refused.code) == (False, Code.DEVICE_OFFLINE)
        refused = await peer.start("DEVICE_1", wait_for_device=True)
        assert (refused.accepted, refused.code) == (False, Code.IMAGE_REQUIRED)
        device = EmulatedDevice(profile, tmp_path / "device", tcp=("127.0.0.1", port))
        with device:
            await peer.online("DEVICE_1")
            runs = (await peer.start("DEVICE_1", total_bytes=40 * MIB)).job_id
            short = (await peer.start("DEVICE_1")).job_id
        await peer.ended(runs)
        receipts = [await peer.start("DEVICE_1", wait_for_device=True) for _ in range(2)]
        assert [receipt.status for receipt in receipts] == [Status.QUEUED] * 2
        patient = [receipt.job_id for receipt in receipts]
        await peer.failed(short, Code.DEVICE_OFFLINE)
        stage = "Waiting for the device"
        await until(lambda: waiting(peer) == [(job_id, stage) for job_id in patient])
        assert peer.devices["DEVICE_1"].queue[0].options is None
        with EmulatedDevice(profile, tmp_path / "device", tcp=("127.0.0.1", port)):
            for job_id in patient:
                await peer.completed(job_id)
        assert begun(peer, *patient) == patient


async def test_a_job_that_waited_for_its_device_is_not_for_another_in_its_place(
    peer: BridgePeer, tmp_path: Path
) -> None:
    port = free_port()

    def switched_on(serial: str) -> EmulatedDevice:
        profile = Profile(serial=serial)
        return EmulatedDevice(profile, tmp_path / serial, tcp=("127.0.0.1", port))

    devices = {"DEVICE_1": Address("tcp", "127.0.0.1", port)}
    async with hub_at_work(peer.link_url, tmp_path, devices):
        with switched_on("FIRST"):
            await peer.online("DEVICE_1")
        await until(lambda: not peer.devices["DEVICE_1"].online)
        job_id = (await peer.start("DEVICE_1", wait_for_device=True, serial="FIRST")).job_id
        with switched_on("SECOND") as second:
            end = await peer.failed(job_id, Code.DEVICE_MISMATCH)
            assert end.details == "wanted FIRST, found SECOND"
            assert not any(word.startswith("flash:") for word in second.device.commands)


async def test_more_jobs_at_once_are_let_in_as_soon_as_they_may_be(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    names = ("ONE", "TWO", "THREE")
    devices = {name: plug(name, link_speed=4 * MIB).address for name in names}
    async with hub_at_work(peer.link_url, tmp_path, devices, max_parallel=1):
        await peer.online(*devices)
        jobs = {
            name: (await peer.start(name, total_bytes=12 * MIB, priority=priority)).job_id
            for name, priority in zip(names, (5, 5, 9), strict=True)
        }
        stage = "Waiting for a free slot of the hub"
        await until(lambda: waiting(peer, "TWO") == [(jobs["TWO"], stage)])
        await until(lambda: waiting(peer, "THREE") == [(jobs["THREE"], stage)])
        assert (await peer.limit(max_parallel=2)).accepted
        await until(lambda: not waiting(peer, "THREE"))
        assert waiting(peer, "TWO") == [(jobs["TWO"], stage)], "the urgent one goes first"
        assert peer.hub is not None
        assert peer.hub.limits.max_parallel == 2
        for name in ("ONE", "THREE", "TWO"):
            await until(lambda name=name: not waiting(peer, name))  # type: ignore[misc]
            assert (await peer.cancel(jobs[name])).accepted
            await peer.failed(jobs[name], Code.CANCELLED)
        assert begun(peer, *jobs.values()) == [jobs["ONE"], jobs["THREE"], jobs["TWO"]]
