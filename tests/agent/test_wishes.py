"""What a job may wish beyond being written: at a hub, with its operator's own limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashFailed
from flashyard.contract.phases import Status, Verification
from flashyard.contract.plans import Requirement
from flashyard.flash.fastboot.limits import Limits
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB
from support.fake_sysfs import ADB
from support.fake_usb import FakeUsb, fake_usb
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until

PARTITIONS = {"boot": 4 * MIB, "persist": MIB, "userdata": MIB}
SOON = Limits(connect=0.3, handshake=0.3, getvar=1.0)
NEEDED = Requirement(variable="product", values=("raven",))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[FakeUsb]:
    with fake_usb(tmp_path / "usb") as bus:
        yield bus


def wishing(partition: str = "boot", **options: Any) -> dict[str, Any]:
    return {
        "partition": partition,
        "total_bytes": MIB,
        "options": options,
    }


async def test_a_device_that_is_wiped_and_seen_to_start_has_a_record_that_says_so(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(partitions=PARTITIONS, slots=2)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", **wishing(wipe=True, verify="booted"))
        end = await peer.completed(receipt.job_id)
        assert end.verification is Verification.BOOTED
        assert [word for word in device.commands if not word.startswith("download")] == [
            "flash:boot_a",
            "erase:userdata",
            "set_active:a",
            "reboot",
        ]
        check_story(peer, receipt.job_id)


async def test_one_that_does_not_start_fails_its_job(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "boot=silence", partitions=PARTITIONS)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, boot_timeout=1):
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", **wishing(verify="booted"))
        end = await peer.failed(receipt.job_id, Code.NOT_BOOTED)
        assert end.device_state == "boot written, device restarted, not seen to start"
        record = peer.record_of(receipt.job_id)
        assert record is not None
        assert record.job.verification is Verification.TRANSPORT
        assert record.job.status is Status.FAILED


async def test_what_an_operator_denies_is_written_only_where_a_job_allows_it(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(partitions=PARTITIONS)

    async def refused(partition: str, code: Code, **fields: Any) -> FlashFailed:
        receipt = await peer.start("DEVICE_1", **wishing(partition), **fields)
        end = await peer.failed(receipt.job_id, code)
        assert end.device_state == "untouched"
        return end

    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, deny_partition=("boo*",)
    ):
        await peer.online("DEVICE_1")
        denied = await refused("boot", Code.PARTITION_DENIED)
        assert "operator" in denied.error
        assert "nowhere else" in (await refused("persist", Code.PARTITION_DENIED)).error
        mismatch = await refused("userdata", Code.DEVICE_MISMATCH, requirements=(NEEDED,))
        assert mismatch.details == "product: wanted raven, found flashyard"
        assert device.commands == []
        allowed = await peer.start("DEVICE_1", **wishing(allow_dangerous=True))
        await peer.completed(allowed.job_id)


async def test_a_device_on_usb_is_followed_into_fastbootd_and_seen_to_come_up(
    peer: BridgePeer, bench: FakeUsb, tmp_path: Path
) -> None:
    """Each time it leaves the bus and enumerates anew; the hub hears of that, too."""
    traits: dict[str, Any] = {
        "partitions": {"boot": MIB},
        "logical": {"system": 4 * MIB},
        "super_size": 8 * MIB,
    }
    phone = bench.plug("1-1", "PHONE_1", **traits)
    told = phone.emulated.device
    async with hub_at_work(
        peer.link_url, tmp_path, {}, host=bench.host, timing={"probing": SOON, "flashing": SOON}
    ):
        await peer.online("PHONE_1")
        order = wishing("system", verify="booted")
        receipt = await peer.start("PHONE_1", **order)
        await until(lambda: told.counts["reboot-fastboot"] and phone.claims == set())
        bench.plug("1-1", again=True)
        await until(lambda: told.counts["reboot"] and phone.claims == set())
        bench.sysfs.plug("1-1", ADB, serial="PHONE_1")
        end = await peer.completed(receipt.job_id)
        assert end.verification is Verification.BOOTED
        assert phone.emulated.partition_file("system").stat().st_size == MIB
        await until(lambda: peer.devices["PHONE_1"].mode == "adb")
        check_story(peer, receipt.job_id)


async def test_a_hub_that_is_stopped_does_not_wait_for_a_device_to_start(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "boot=silence", partitions=PARTITIONS)
    timing = {"safe_point": 0.2, "let_go": 0.1}
    async with hub_at_work(
        peer.link_url, tmp_path, {"DEVICE_1": device.address}, timing=timing
    ) as work:
        await peer.online("DEVICE_1")
        receipt = await peer.start("DEVICE_1", **wishing(verify="booted"))
        await until(lambda: device.commands[-1:] == ["reboot"])
        await work.stop()
        end = await peer.failed(receipt.job_id, Code.INTERRUPTED)
        assert end.device_state == "boot written, device restarted, not seen to start"
