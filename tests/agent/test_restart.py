"""What a hub that comes back makes of what its earlier life left in the broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import DeviceChanged, HubChanged
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import CurrentJob, Device
from flashyard.contract.topics import Kind, build
from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.transport import Address
from support.bridge_peer import BridgePeer, now_ms
from support.brokers import Broker, free_port
from support.hub_at_work import HubAtWork, Plug, hub_at_work, new_hub
from support.hub_script import HubScript
from support.made import generated, parts
from support.waiting import until

DAY = 86_400_000


def leave_behind(peer: BridgePeer, device_id: str, **facts: Any) -> None:
    """Have the broker keep an old record of a device."""
    script = HubScript(device_id=device_id, session="s1", now=now_ms())
    report = script.record().report
    assert isinstance(report, DeviceChanged)
    said = report.with_(device=report.device.with_(**facts))
    topic = build(Kind.DEVICE, script.hub_id, device_id)
    peer.link.publish(topic, said.encode(), qos=1, retain=True)


def current_jobs(peer: BridgePeer) -> list[CurrentJob]:
    """The running jobs, as the devices' newest records carry them: a moment after the events."""
    return [device.current_job for device in peer.devices.values() if device.current_job]


async def test_jobs_of_a_hub_that_died_with_its_disk_are_interrupted_and_all_of_it_is_told(
    broker: Broker, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=2 << 20)
    addresses = {"DEVICE_1": device.address}
    async with BridgePeer(broker.url) as peer:
        first = HubAtWork(new_hub(broker.url, tmp_path, addresses))
        await first.serving()
        await peer.online("DEVICE_1")
        done = (await peer.start("DEVICE_1", total_bytes=1000)).job_id
        await peer.ended(done)
        running = (await peer.start("DEVICE_1", total_bytes=50 << 20)).job_id
        waiting = (await peer.start("DEVICE_1")).job_id
        await peer.phase(running, "Flashing")
        told = peer.events(running)[-1].seq
        await until(lambda: any(job.seq >= told for job in current_jobs(peer)))
        [last] = current_jobs(peer)
        await first.die()
        await until(lambda: peer.hub is not None and not peer.hub.online)

        async with hub_at_work(broker.url, tmp_path / "new", addresses) as second:
            await peer.online("DEVICE_1")
            if not broker.able.keeps_to_wildcards:
                # Nobody tells the hub what it did before. Its new record is without the jobs, and
                # that is a bridge's news: see the same death among the outages.
                assert peer.devices["DEVICE_1"].session == second.hub.session
                assert peer.devices["DEVICE_1"].current_job is None
                assert peer.end(running) is peer.end(waiting) is None
                return
            end = await peer.failed(running, Code.INTERRUPTED)
            assert end.seq == last.seq + 1
            assert "partly written" in (end.device_state or "")
            end = await peer.failed(waiting, Code.INTERRUPTED)
            assert (end.seq, end.device_state) == (1, "untouched")
            await until(lambda: len(peer.devices["DEVICE_1"].recent) == 3)
            record = peer.devices["DEVICE_1"]
            assert record.session == second.hub.session
            assert record.current_job is None
            assert record.queue == ()
            recent = [(entry.job_id, entry.status) for entry in record.recent]
            assert recent == [
                (done, Status.COMPLETED),
                (running, Status.FAILED),
                (waiting, Status.FAILED),
            ]
            late = await peer.cancel(running)
            assert late.code is Code.ALREADY_FINAL


def _is_writing(device: Device) -> bool:
    return device.current_job is not None and device.current_job.phase is Phase.WRITING


async def test_the_end_is_told_before_the_record_without_the_job(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    script = HubScript(device_id="DEVICE_1", now=now_ms())
    job_id = "job_1703001234_abc123"
    for published in (*script.start(job_id), *script.phase(Phase.WRITING, "Flashing", 100_000)):
        retained = published.topic.kind is Kind.DEVICE
        peer.link.publish(str(published.topic), published.payload, qos=1, retain=retained)
    await until(lambda: any(map(_is_writing, peer.devices.values())))
    peer.heard.clear()
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.ended(job_id)
        about = [h.kind for h in peer.heard if h.kind in {Kind.EVENT, Kind.DEVICE, Kind.RECORD}]
        assert about[:1] == [Kind.EVENT]
        assert about.index(Kind.DEVICE) < about.index(Kind.RECORD)
        [record] = peer.said(JobRecord, job_id)
        assert record.job.code is Code.INTERRUPTED
        assert record.job.bytes_transferred == 100_000


async def test_a_configured_device_that_is_not_there_is_shown_as_it_was(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    gone = plug("GONE")
    gone.device.__exit__()
    seen = now_ms() - DAY
    leave_behind(peer, "GONE", last_seen=seen, product="raven")
    async with hub_at_work(peer.link_url, tmp_path, {"GONE": gone.address}) as work:
        await until(
            lambda: "GONE" in peer.devices and peer.devices["GONE"].session == work.hub.session
        )
        device = peer.devices["GONE"]
        assert (device.online, device.last_seen, device.product) == (False, seen, "raven")
        assert device.device_name == "Google Pixel 6"


async def test_a_device_unseen_for_a_week_is_removed_and_comes_back_when_it_is_seen(
    peer: BridgePeer, tmp_path: Path
) -> None:
    port = free_port()
    leave_behind(peer, "GONE", last_seen=now_ms() - 7 * DAY - 1000)
    await until(lambda: "GONE" in peer.devices)
    addresses = {"GONE": Address("tcp", "127.0.0.1", port)}
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await until(lambda: "GONE" in peer.cleared)
        assert "GONE" not in peer.devices
        with EmulatedDevice(Profile(serial="GONE"), tmp_path, tcp=("127.0.0.1", port)):
            await peer.online("GONE")


async def test_a_device_that_left_the_configuration_is_removed_with_its_jobs_ended(
    peer: BridgePeer, tmp_path: Path
) -> None:
    script = HubScript(device_id="FORMER", now=now_ms())
    job_id = "job_1703001234_abc124"
    for published in script.start(job_id):
        retained = published.topic.kind is Kind.DEVICE
        peer.link.publish(str(published.topic), published.payload, qos=1, retain=retained)
    await until(lambda: "FORMER" in peer.devices)
    async with hub_at_work(peer.link_url, tmp_path, {}):
        await until(lambda: "FORMER" in peer.cleared)
        await peer.failed(job_id, Code.INTERRUPTED)


async def test_jobs_of_a_device_that_left_the_configuration_end_with_it(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 << 20)
    addresses = {"DEVICE_1": device.address}
    first = HubAtWork(new_hub(peer.link_url, tmp_path, addresses, part_size=1 << 20))
    await first.serving()
    await peer.online("DEVICE_1")
    job_id = (await peer.start("DEVICE_1", total_bytes=6 << 20)).job_id
    await until(lambda: "flash:system" in device.commands)
    await first.die()
    async with hub_at_work(peer.link_url, tmp_path, {}):
        await until(lambda: "DEVICE_1" in peer.cleared)
        await peer.failed(job_id, Code.INTERRUPTED)
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1")
        assert peer.devices["DEVICE_1"].current_job is None, "it is over for good"


async def test_a_killed_hub_goes_on_with_what_ran_and_waited(
    broker: Broker, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 << 20)
    addresses, size = {"DEVICE_1": device.address}, 6 << 20
    async with BridgePeer(broker.url) as peer:
        first = HubAtWork(new_hub(broker.url, tmp_path, addresses, part_size=1 << 20))
        await first.serving()
        await peer.online("DEVICE_1")
        done = (await peer.start("DEVICE_1", total_bytes=1000)).job_id
        await peer.ended(done)
        running = (await peer.start("DEVICE_1", total_bytes=size)).job_id
        waiting = (await peer.start("DEVICE_1", partition="boot", total_bytes=1000)).job_id
        await until(lambda: device.commands.count("flash:system") >= 3)
        told = peer.events(running)[-1].seq
        await first.die()

        async with hub_at_work(broker.url, tmp_path, addresses, part_size=1 << 20):
            await peer.completed(running)
            await peer.completed(waiting)
            await until(lambda: len(peer.devices["DEVICE_1"].recent) == 3)
            record = peer.devices["DEVICE_1"]
            assert [entry.job_id for entry in record.recent] == [done, running, waiting]
            late = await peer.cancel(running)
            assert late.code is Code.ALREADY_FINAL
        later = [event for event in peer.events(running) if event.seq > told]
        assert [event.seq for event in later] == sorted(event.seq for event in later)
        assert device.content("system") == generated(running, size)
        assert device.commands.count("flash:system") <= 1 + len(parts(running, size)) + 1


async def test_a_stop_parks_what_runs_and_waits_says_goodbye_and_the_next_run_goes_on(
    broker: Broker, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=8 << 20)
    addresses, size = {"DEVICE_1": device.address}, 6 << 20
    async with BridgePeer(broker.url) as peer:
        async with hub_at_work(broker.url, tmp_path, addresses, part_size=1 << 20):
            await peer.online("DEVICE_1")
            running = (await peer.start("DEVICE_1", total_bytes=size)).job_id
            waiting = (await peer.start("DEVICE_1", partition="boot", total_bytes=1000)).job_id
            await until(lambda: "flash:system" in device.commands)
        await until(lambda: peer.hub is not None and not peer.hub.online)
        # With NATS what was said last need not be heard last: topics overtake each other.
        await until(lambda: [entry.job_id for entry in peer.devices["DEVICE_1"].queue] == [waiting])
        goodbye = peer.said(HubChanged)[-1].timestamp
        assert max(heard.report.timestamp for heard in peer.heard) == goodbye
        assert peer.end(running) is peer.end(waiting) is None
        sent = device.commands.count("flash:system")
        async with hub_at_work(broker.url, tmp_path, addresses, part_size=1 << 20):
            await peer.completed(running)
            await peer.completed(waiting)
        assert device.content("system") == generated(running, size)
        assert sent < len(parts(running, size))
        assert device.commands.count("flash:system") == len(parts(running, size))


async def test_a_hub_that_is_about_to_go_says_no_to_new_jobs(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {"BUSY": plug("BUSY", link_speed=2 << 20).address, "IDLE": plug("IDLE").address}
    async with hub_at_work(peer.link_url, tmp_path, addresses) as work:
        await peer.online(*addresses)
        running = (await peer.start("BUSY", total_bytes=3 << 20)).job_id
        await peer.phase(running, "Flashing")
        work.hub.stop()
        receipt = await peer.start("IDLE")
        assert (receipt.accepted, receipt.code) == (False, Code.DEVICE_OFFLINE)
    assert peer.end(running) is None
    await until(lambda: peer.hub is not None and not peer.hub.online)


async def test_a_job_too_far_to_be_stopped_is_finished_before_the_hub_goes(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", latency_s=0.05, partitions={"system": 1 << 20})
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}) as work:
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1", total_bytes=1000)).job_id
        await peer.phase(job_id, "Finalizing")
        work.hub.stop()
        end = await peer.ended(job_id)
        assert end.type == "flash_completed"


async def test_a_device_that_holds_up_the_stop_is_left_behind_in_time(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "flash=silence")
    addresses = {"DEVICE_1": device.address}
    async with hub_at_work(peer.link_url, tmp_path, addresses, timing={"safe_point": 0.3}):
        await peer.online("DEVICE_1")
        job_id = (await peer.start("DEVICE_1")).job_id
        await until(lambda: "flash:system" in device.commands)
    assert peer.end(job_id) is None
    hasty = {"flashing": Limits(flash=0.5)}
    async with hub_at_work(peer.link_url, tmp_path, addresses, timing=hasty):
        await peer.ended(job_id)
