from __future__ import annotations

import errno
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Verification
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.target import CAPABILITIES, FastbootTarget
from flashyard.flash.images.generated import Generated
from flashyard.flash.images.image import Image
from flashyard.flash.probe import learn
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.writer import write
from flashyard.flash.target import Capability
from flashyard.flash.usb.budget import LARGEST
from support.emulated import run_of
from support.fake_usb import INTO, OUT, FakeDevice, FakeUsb, error, fake_usb
from support.faults import refused

MIB = 1 << 20
SOON = Limits(connect=0.2, handshake=0.2, getvar=1.0, stall=1.0)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[FakeUsb]:
    with fake_usb(tmp_path) as bus:
        yield bus


def _flash(bench: FakeUsb, name: str, size: int) -> None:
    """Flash generated content, which is as hard to guess as any."""
    steps = (Step("boot", Generated("job_1", size)),)
    recipe = Recipe(steps=steps, reboot=False, part_size=8 * MIB, generated=True)
    write(lambda tell: FastbootTarget.open(bench.at(name), tell, SOON), recipe, run_of(recipe))


def _content(device: FakeDevice) -> bytes:
    return device.emulated.partition_file("boot").read_bytes()


def test_an_image_flashed_over_usb_is_on_the_device_byte_for_byte(
    bench: FakeUsb, tmp_path: Path
) -> None:
    device = bench.plug("1-1.2")
    content = random.Random(7).randbytes(3 * MIB + 4096 + 511)
    path = tmp_path / "boot.img"
    path.write_bytes(content)
    with Image(path) as source:
        recipe = Recipe(
            steps=(Step("boot", source),), reboot=False, part_size=MIB, hash_checked=True
        )
        run = run_of(recipe)
        write(lambda tell: FastbootTarget.open(bench.at("1-1.2"), tell, SOON), recipe, run)
    written = _content(device)
    assert written[: len(content)] == content
    assert not written[len(content) :].strip(b"\0")  # up to a whole block
    assert run.verification is Verification.TRANSPORT


def test_a_device_tells_over_usb_who_it_is(bench: FakeUsb) -> None:
    bench.plug("1-3", "PHONE_7", slots=2)
    told = learn(bench.at("1-3"), SOON)
    assert (told.serial, told.slots, told.mode) == ("PHONE_7", ("a", "b"), "fastboot")


def test_transfers_are_large_and_never_empty(bench: FakeUsb) -> None:
    device = bench.plug("1-1")
    _flash(bench, "1-1", 4 * MIB)
    assert max(device.writes) == LARGEST  # an empty one fails the fake


def test_a_host_short_of_memory_is_asked_for_less_from_then_on(bench: FakeUsb) -> None:
    device = bench.plug("1-1")
    device.limit = 100_000
    _flash(bench, "1-1", 2 * MIB)
    assert max(device.writes) == 64 << 10
    assert bench.host.sizes.of(bench.at("1-1").station) == 64 << 10
    assert bench.host.sizes.of(bench.at("1-2").station) == LARGEST


def test_a_host_without_any_memory_breaks_the_job_and_not_the_hub(bench: FakeUsb) -> None:
    bench.plug("1-1").limit = 1000
    with refused(Code.LINK_LOST):
        _flash(bench, "1-1", MIB)


def test_a_transfer_that_broke_is_not_sent_twice_but_smaller_the_next_time(bench: FakeUsb) -> None:
    device = bench.plug("1-1")
    with FastbootTarget.open(bench.at("1-1"), print, SOON) as target:
        device.refusals.append(error(errno.EIO))
        with refused(Code.LINK_LOST):
            target.serial()
    assert bench.host.sizes.of(bench.at("1-1").station) < LARGEST
    _flash(bench, "1-1", MIB)


def test_what_a_transfer_left_over_is_sent_by_the_next(bench: FakeUsb) -> None:
    device = bench.plug("1-1")
    device.takes = 5000
    _flash(bench, "1-1", 300_000)
    assert max(device.writes) == 5000
    expected = b"".join(bytes(view) for view in Generated("job_1", 300_000).views(0, 300_000))
    assert _content(device)[:300_000] == expected


def test_a_device_pulled_in_mid_transfer_is_told_as_unplugged(bench: FakeUsb) -> None:
    bench.plug("1-1", "USB_1", f"download=cut@{2 * MIB}")
    with refused(Code.USB_UNPLUGGED):
        _flash(bench, "1-1", 6 * MIB)


def test_an_error_without_a_name_is_unplugged_where_the_device_has_gone(bench: FakeUsb) -> None:
    device = bench.plug("1-1")
    with FastbootTarget.open(bench.at("1-1"), print, SOON) as target:
        device.refusals.append(error(errno.EIO))
        bench.sysfs.unplug("1-1")
        with refused(Code.USB_UNPLUGGED):
            target.serial()


def test_plugged_in_again_the_same_port_is_flashed(bench: FakeUsb) -> None:
    device = bench.plug("1-1", "USB_1", f"download:1=cut@{MIB}")
    with refused(Code.USB_UNPLUGGED):
        _flash(bench, "1-1", 4 * MIB)
    bench.plug("1-1", again=True)
    _flash(bench, "1-1", 4 * MIB)
    assert len(_content(device)) == 4 * MIB


def test_a_silent_device_runs_into_our_deadline(bench: FakeUsb) -> None:
    bench.plug("1-1", "USB_1", "download=silence")
    with refused(Code.DEVICE_SILENT):
        _flash(bench, "1-1", MIB)


def test_the_interface_is_given_back_however_it_ends(bench: FakeUsb) -> None:
    device = bench.plug("1-1", "USB_1", "flash=fail")
    with refused(Code.DEVICE_REFUSED):
        _flash(bench, "1-1", MIB)
    assert not device.claims
    assert device.history[-1] == "close"


def test_an_interface_that_a_kernel_driver_holds_is_taken_and_given_back(bench: FakeUsb) -> None:
    device = bench.plug("1-1")
    device.kernel_driver = True
    learn(bench.at("1-1"), SOON)
    assert device.kernel_driver
    assert device.history == ["open", "detach", "attach", "close"]


def test_what_another_program_holds_is_told_with_a_hint(bench: FakeUsb) -> None:
    device = bench.plug("1-1")
    device.claims.add(0)
    with refused(Code.LINK_LOST) as told:
        learn(bench.at("1-1"), SOON)
    assert "adb" in (told.fault.hint or "")


def test_opening_is_tried_again_while_rules_are_still_to_run(bench: FakeUsb) -> None:
    bench.plug("1-1")
    bench.open_errors += [error(errno.EACCES), error(errno.EBUSY)]
    assert learn(bench.at("1-1"), Limits(connect=5.0, handshake=1.0)).serial == "USB_1"


def test_an_empty_port_is_told_as_unplugged(bench: FakeUsb) -> None:
    with refused(Code.USB_UNPLUGGED):
        learn(bench.at("1-5"), SOON)


def test_another_device_in_the_same_port_is_not_taken_for_it(bench: FakeUsb) -> None:
    bench.plug("1-1", "PHONE_1")
    address = bench.at("1-1")
    bench.unplug("1-1")
    other = bench.plug("1-1", "PHONE_2")
    with refused(Code.DEVICE_MISMATCH):
        learn(address, SOON)
    assert other.history == []


def test_an_interface_without_a_pair_of_bulk_endpoints_is_no_fastboot(bench: FakeUsb) -> None:
    bench.plug("1-1").endpoints = (INTO, OUT, 0x83)
    with refused(Code.PROTOCOL_ERROR):
        learn(bench.at("1-1"), SOON)


def test_answers_that_somebody_left_behind_are_not_taken_for_ours(bench: FakeUsb) -> None:
    device = bench.plug("1-1")
    for _ in range(3):
        device._sockets[3].send(b"OKAYleft behind")
    assert learn(bench.at("1-1"), SOON).serial == "USB_1"


def test_a_device_left_in_its_data_phase_is_reset_and_flashed(bench: FakeUsb) -> None:
    device = bench.plug("1-1")
    device.claims.add(0)
    device._sockets[0].send(b"download:00100000")  # by a host that then died
    assert device._sockets[2].recv(64) == b"DATA00100000"
    device.claims.clear()

    def enumerate_again(_device: FakeDevice, what: str) -> None:
        if what == "reset":
            bench.unplug("1-1")
            bench.plug("1-1", again=True)

    bench.is_mended_by = enumerate_again
    _flash(bench, "1-1", MIB)
    assert "reset" in device.history
    assert device.history.index(f"clear {INTO:#04x}") < device.history.index("reset")


def test_where_nothing_helps_it_is_the_operators_turn(bench: FakeUsb) -> None:
    device = bench.plug("1-1", "USB_1", "getvar=silence")
    with refused(Code.DEVICE_SILENT) as told:
        learn(bench.at("1-1"), SOON)
    assert "Plug it out and in again" in (told.fault.hint or "")
    assert device.history.count("reset") == 1
    assert not device.claims


def test_over_usb_nobody_breaks_off_a_download(bench: FakeUsb) -> None:
    bench.plug("1-1")
    with FastbootTarget.open(bench.at("1-1"), print, SOON) as target:
        assert target.capabilities == CAPABILITIES - {Capability.BREAK_OFF}
