"""A device that restarts is met again at its port, whatever it has become there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Verification
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.fastboot.whereabouts import look
from flashyard.flash.images.generated import Generated
from flashyard.flash.ports.sighting import Look, Sighting, unseen
from flashyard.flash.running.contact import Patience
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from flashyard.flash.target import Tell
from support.emulated import run_of
from support.fake_sysfs import ADB
from support.fake_usb import FakeUsb, fake_usb
from support.faults import refused

PORT = "1-1.2"
MIB = 1 << 20
SOON = Limits(connect=0.1, handshake=0.2, getvar=1.0, stall=1.0)
SYSTEM = Generated("seed", MIB)
SEEN = Recipe(steps=(Step("boot", SYSTEM),), booted=True, generated=True)
IN_SUPER = Recipe(steps=(Step("system", SYSTEM),), generated=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[FakeUsb]:
    with fake_usb(tmp_path) as bus:
        yield bus


def flash(
    bench: FakeUsb,
    recipe: Recipe,
    comes_back: Callable[[], object],
    looking: Look = unseen,
    run: Run | None = None,
) -> Run:
    """Flash; once the device has left, ``comes_back`` is called before it is opened again."""
    run = run or run_of(recipe)
    address = bench.at(PORT)
    opened = []

    def connect(tell: Tell) -> FastbootTarget:
        opened.append(1)
        if len(opened) == 2:
            comes_back()
        return FastbootTarget.open(address, tell, SOON)

    write(connect, recipe, run, looking, Patience(boot=5.0, mode=5.0))
    return run


def dynamic(bench: FakeUsb) -> None:
    bench.plug(PORT, partitions={"boot": 4 * MIB}, logical={"system": 4 * MIB}, super_size=8 * MIB)


def test_a_device_in_fastbootd_is_found_at_its_port(bench: FakeUsb) -> None:
    dynamic(bench)
    device = bench.devices[PORT]
    run = flash(bench, IN_SUPER, lambda: bench.plug(PORT, again=True))
    assert device.emulated.partition_file("system").stat().st_size == MIB
    assert run.description is not None
    assert run.description.mode == "fastbootd"


def test_another_device_in_the_port_by_then_ends_the_job_and_is_left_alone(bench: FakeUsb) -> None:
    dynamic(bench)
    run = run_of(IN_SUPER)
    with refused(Code.DEVICE_MISMATCH):
        flash(bench, IN_SUPER, lambda: bench.plug(PORT, "ANOTHER"), run=run)
    assert not bench.devices[PORT].emulated.device.commands
    assert run.device_state == "device sent into fastbootd"


def test_a_phone_that_comes_up_as_a_phone_has_started(bench: FakeUsb) -> None:
    bench.plug(PORT)
    address = bench.at(PORT)
    sights = iter(range(9))

    def seen() -> Sighting | None:
        if next(sights) == 2:  # before the restart; after it; a moment later
            bench.sysfs.plug(PORT, ADB, serial="USB_1")
        return look(address)

    run = flash(bench, SEEN, lambda: pytest.fail("nothing is to be opened"), seen)
    assert run.verification is Verification.BOOTED
    assert run.device_state == "boot written, device started"


def test_one_that_comes_back_to_its_bootloader_is_asked(bench: FakeUsb) -> None:
    bench.plug(PORT, slots=2)
    address = bench.at(PORT)
    sights = iter(range(99))

    def seen() -> Sighting | None:
        if next(sights) == 2:
            bench.plug(PORT, again=True)
        return look(address)

    run = flash(bench, SEEN, lambda: None, seen)
    assert run.verification is Verification.BOOTED


def test_a_stranger_in_the_port_did_not_come_home(bench: FakeUsb) -> None:
    bench.plug(PORT)
    address = bench.at(PORT)
    sights = iter(range(9))

    def seen() -> Sighting | None:
        if next(sights) == 2:
            bench.sysfs.plug(PORT, ADB, serial="ANOTHER")
        return look(address)

    with refused(Code.DEVICE_MISMATCH) as refusal:
        flash(bench, SEEN, lambda: None, seen)
    assert refusal.fault.details == "ANOTHER instead of USB_1"


def test_what_is_at_a_port_is_seen_from_outside(bench: FakeUsb) -> None:
    bench.plug(PORT)
    address = bench.at(PORT)
    seen = partial(look, address)
    before = seen()
    assert before is not None
    assert before.mode == "fastboot"
    bench.unplug(PORT)
    assert seen() == Sighting(None)
    bench.sysfs.plug(PORT, ADB, serial="USB_1")
    after = seen()
    assert after is not None
    assert (after.mode, after.number != before.number) == ("adb", True)


def test_one_that_does_not_say_who_it_is_proves_nothing(bench: FakeUsb) -> None:
    bench.plug(PORT)
    address = bench.at(PORT)
    bench.unplug(PORT)
    bench.sysfs.plug(PORT, ADB)
    seen = look(address)
    assert seen is not None
    assert seen.mode == "unknown"


def test_over_a_network_nothing_is_seen() -> None:
    assert look(Address("tcp", "127.0.0.1")) is None
