"""Hundreds of jobs on devices that misbehave by chance: how each ends, and whether that is true."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flashyard.agent.recovery.backoff import Backoff
from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashCompleted, FlashFailed
from flashyard.contract.orders import Receipt
from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.transport import Address
from support.bridge_peer import BridgePeer, check_story
from support.emulated import MIB, emulated
from support.fake_usb import FakeUsb, fake_usb
from support.fault_plan import FaultPlan, Noted, random_plan
from support.hub_at_work import hub_at_work
from support.image_server import ImageServer, image_server

FEW, MANY = 2, 36  # runs on each of the devices
# Long enough for a machine that is busy with nine devices and as many writers.
_WAITS = ("connect", "handshake", "getvar", "stall", "download", "flash", "erase", "reboot")
_SOON: dict[str, Any] = dict.fromkeys(_WAITS, 5.0)
SOON = Limits(resend=0.1, **_SOON)
TIMING = {"flashing": SOON, "probing": SOON, "link_again": Backoff(0.1, 2.0, 1.0)}
# What a hub refuses for a moment: the device has just been plugged out, or hides who it is.
PASSING = {Code.DEVICE_OFFLINE, Code.ILLEGAL_STATE}


class Stand(NamedTuple):
    """A device for run after run; ``back``: see to it that it is plugged in."""

    name: str
    transport: str
    device: EmulatedDevice
    address: Address | None
    back: Callable[[], None]

    @property
    def has_slots(self) -> bool:
        return self.device.profile.slots == 2


@contextmanager
def stands(directory: Path, bench: FakeUsb) -> Iterator[list[Stand]]:
    """Three devices on each transport, with different downloads, every other one with slots."""
    with ExitStack() as devices:
        made = []
        for number, size in enumerate((100_000, MIB, 256 * MIB)):
            traits: dict[str, Any] = {
                "slots": number % 2 * 2,
                "max_download_size": size,
                "boot_s": 0.1,
            }
            for transport in ("tcp", "udp"):
                name = f"{transport.upper()}_{number}"
                profile = replace(Profile(serial=name), **traits)
                it = devices.enter_context(emulated(directory, transport, profile))
                made.append(Stand(name, transport, it.device, it.address, lambda: None))
            name, port = f"USB_{number}", f"1-{number + 1}"
            plugged = bench.plug(port, name, **traits)

            def back(port: str = port) -> None:
                device = bench.devices[port]
                if device._off.is_set():
                    device.close()
                    with suppress(OSError):
                        bench.sysfs.unplug(port)
                    bench.plug(port, again=True)

            made.append(Stand(name, "usb", plugged.emulated, None, back))
        yield made


async def start(peer: BridgePeer, stand: Stand, plan: FaultPlan, noted: Noted) -> Receipt:
    """Have the device be there, misbehave from then on, and be flashed."""
    for _ in range(200):
        stand.device.device.mishaps = Noted(())
        await peer.online(stand.name, within=60.0)
        stand.device.device.mishaps = noted
        receipt = await peer.start(stand.name, **plan.order)
        if receipt.accepted:
            return receipt
        assert receipt.code in PASSING, receipt
        await asyncio.sleep(0.05)
    raise AssertionError(f"{stand.name} does not come back")


async def run(
    peer: BridgePeer, store: ImageServer, stand: Stand, plan: FaultPlan, *, goes_on: bool
) -> str:
    """Carry out a plan, and judge how the job ended; return what happened and that."""
    letter = plan.slot or stand.device.device.slots.current
    paths = []
    for write in plan.writes:
        store.add(write.content)
        name = f"{write.partition}_{letter}" if letter else write.partition
        paths.append(stand.device.partition_file(name))
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        paths[-1].write_bytes(write.background)
    noted = Noted(plan.faults)
    job_id = (await start(peer, stand, plan, noted)).job_id
    cancelled = False
    if plan.cancel_after is not None:
        await asyncio.sleep(plan.cancel_after)
        cancelled = (await peer.cancel(job_id)).accepted
    end = await peer.ended(job_id, 90.0)
    stand.device.device.mishaps = Noted(())
    check_story(peer, job_id)
    record = peer.record_of(job_id)
    assert record is not None
    ended = FlashCompleted if record.job.status == "completed" else FlashFailed
    assert isinstance(end, ended), "the record and the event tell different ends"
    code = end.code if isinstance(end, FlashFailed) else None
    if cancelled:
        assert code is Code.CANCELLED
    else:
        assert code in plan.right_codes(noted, goes_on=goes_on), (code, noted.struck)
    if code is None:
        for write, path in zip(plan.writes, paths, strict=True):
            erased = bool(plan.options.get("erase"))
            found = path.read_bytes()
            assert write.is_done(found, erased=erased), "completed, and the bytes differ"
    peer.heard[:] = [each for each in peer.heard if getattr(each.report, "job_id", "") != job_id]
    struck = "+".join(sorted({one.kind.value for one, _ in noted.struck})) or "nothing"
    return f"{stand.transport}: {struck}: {code.value if code else 'completed'}"


async def attend(peer: BridgePeer, stand: Stand) -> None:
    """Plug a device in again once it has left, and the hub has seen it."""
    while True:
        if stand.name in peer.devices and not peer.devices[stand.name].online:
            stand.back()
        await asyncio.sleep(0.05)


async def shift(
    peer: BridgePeer,
    store: ImageServer,
    stand: Stand,
    seeds: range,
    table: Counter[str],
    *,
    goes_on: bool,
) -> None:
    async with asyncio.TaskGroup() as own:
        attendant = own.create_task(attend(peer, stand), name=f"attend {stand.name}")
        for seed in seeds:
            plan = random_plan(seed, stand.transport, has_slots=stand.has_slots)
            try:
                table[await run(peer, store, stand, plan, goes_on=goes_on)] += 1
            except BaseException as failure:
                failure.add_note(f"{plan}; last seen: {peer.devices.get(stand.name)}")
                raise
        attendant.cancel()


async def many_runs(
    peer: BridgePeer, directory: Path, each: int, *, retries: int = 0
) -> Counter[str]:
    table: Counter[str] = Counter()
    with (
        fake_usb(directory / "usb") as bench,
        stands(directory / "devices", bench) as devices,
        image_server() as store,
    ):
        addresses = {it.name: it.address for it in devices if it.address is not None}
        async with hub_at_work(
            peer.link_url, directory, addresses, timing=TIMING, host=bench.host,
            bridge_url=store.url, retries=retries,
        ), asyncio.TaskGroup() as shifts:  # fmt: skip
            for number, stand in enumerate(devices):
                seeds = range(number * 1000, number * 1000 + each)
                work = shift(peer, store, stand, seeds, table, goes_on=retries > 0)
                shifts.create_task(work, name=stand.name)
    return table


def tell(table: Counter[str], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{table.total()} fault runs")  # noqa: T201 - the run is told by its table
        for line, count in sorted(table.items()):
            print(f"{count:5}  {line}")  # noqa: T201


async def test_no_job_on_a_device_that_misbehaves_ends_as_a_lie(
    peer: BridgePeer, tmp_path: Path
) -> None:
    table = await many_runs(peer, tmp_path, FEW)
    assert table.total() == 9 * FEW


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_jobs_that_go_on_after_a_lost_link_end_well_or_in_the_right_state(
    peer: BridgePeer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = await many_runs(peer, tmp_path, 12, retries=2)
    tell(table, capsys)
    mended = [line for line in table if line.endswith(": completed") and "nothing" not in line]
    assert any("cut" in line for line in mended)
    assert any("silence" in line for line in mended)


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_three_hundred_random_fault_runs_end_in_the_right_state_with_the_right_code(
    peer: BridgePeer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = await many_runs(peer, tmp_path, MANY)
    tell(table, capsys)
    assert table.total() == 9 * MANY
    assert sum(n for line, n in table.items() if line.endswith("completed")) > 50
