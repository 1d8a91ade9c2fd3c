from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.emulator import Profile
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.fastboot.tcp import TcpTransport
from flashyard.flash.images.generated import Generated
from flashyard.flash.source import MIB, Part
from flashyard.flash.target import Capability, Place
from support.emulated import SERIAL, emulated
from support.faults import refused
from support.scripted import TcpPeer, tcp_device

QUICK = Limits(flash=0.2)
AB = Profile(serial=SERIAL, slots=2, product="oriole", max_download_size=32 * MIB)


def ignore(_line: str) -> None:
    """Nobody listens."""


@contextmanager
def bootloader(variables: dict[str, str], listed: tuple[str, ...] = ()) -> Iterator[FastbootTarget]:
    """Serve variables as a bootloader of its own kind does, and refuse everything else."""

    def device(peer: TcpPeer) -> None:
        while (command := peer.message()) != b"continue":
            name = command.decode().removeprefix("getvar:")
            if name == "all" and listed:
                peer.say(*(b"INFO" + line.encode() for line in listed), b"OKAY")
            elif name in variables:
                peer.say(b"OKAY" + variables[name].encode())
            else:
                peer.say(b"FAILunknown")

    with tcp_device(device) as address, TcpTransport.connect(address) as transport:
        yield FastbootTarget(transport, ignore)
        transport.send(b"continue", 1)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_device_tells_who_it_is(tmp_path: Path, transport: Literal["tcp", "udp"]) -> None:
    with emulated(tmp_path, transport, AB) as device, device.connect(ignore) as target:
        found = target.describe()
        assert target.capabilities == {
            Capability.ERASE,
            Capability.ACTIVATE,
            Capability.REBOOT,
            Capability.BREAK_OFF,
            Capability.TAKES_UP,
            Capability.READ_BACK,
        }
    assert (found.product, found.serial, found.name) == ("oriole", SERIAL, SERIAL)
    assert (found.mode, found.slots, found.current_slot) == ("fastboot", ("a", "b"), "a")
    assert (found.max_download_size, found.emulated) == (32 * MIB, True)
    assert (found.locked, found.battery_mv, found.battery_ok) == (False, 4200, True)
    assert found.partitions["system_b"] == 8 << 30
    assert found.partitions["userdata"] == 4 << 30


def test_a_device_that_tells_next_to_nothing_can_still_be_described() -> None:
    with bootloader({"max-download-size": "0x", "battery-voltage": "3812mV"}) as target:
        found = target.describe()
    assert (found.product, found.serial, found.version, found.locked) == (None,) * 4
    assert (found.slots, found.current_slot, found.partitions) == ((), None, {})
    assert (found.emulated, found.battery_mv, found.battery_ok) == (False, 3812, None)


def test_where_the_largest_download_is_not_told_a_careful_size_is_taken_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING), bootloader({"max-download-size": "0x"}) as target:
        assert target.describe().max_download_size == 64 * MIB
    assert "max-download-size is '0x'" in caplog.text


def test_a_download_limit_beyond_the_protocol_s_field_is_the_field_s() -> None:
    with bootloader({"max-download-size": "0x200000000"}) as target:
        assert target.describe().max_download_size == 0xFFFFFFFF


def test_a_partition_with_slots_is_found_in_the_active_one_unless_asked(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", AB) as device, device.connect(ignore) as target:
        assert target.locate("system", None) == Place("system_a", 8 << 30)
        assert target.locate("system", "b") == Place("system_b", 8 << 30)
        assert target.locate("system_b", None) == Place("system_b", 8 << 30)
        assert target.locate("userdata", "b") == Place("userdata", 4 << 30)


def test_a_partition_the_device_does_not_list_is_unknown(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", AB) as device, device.connect(ignore) as target:
        with refused(Code.UNKNOWN_PARTITION) as refusal:
            target.locate("modem", None)
        assert "modem" in refusal.fault.sentence


def test_a_device_that_lists_only_what_it_can_format_may_have_others_too() -> None:
    listed = ("partition-size:userdata: 0x1000", "partition-size:system: 0x")
    with bootloader({"partition-size:system": "0x"}, listed) as target:
        assert target.locate("radio", None) == Place("radio", None)
        assert target.locate("system", None) == Place("system", None)


def test_an_active_slot_kept_secret_cannot_be_guessed() -> None:
    with bootloader({"has-slot:boot": "yes"}) as target:
        with refused(Code.PROTOCOL_ERROR):
            target.locate("boot", None)
        assert target.locate("boot", "b") == Place("boot_b", None)


def test_where_it_is_not_told_whether_a_partition_has_slots_the_list_decides() -> None:
    """Or the active slot would be written, the other one activated, and that called a success."""
    listed = ("partition-size:boot_a:0x1000", "partition-size:boot_b:0x1000", "partition-size:x:1")
    with bootloader({"current-slot": "a"}, listed) as target:
        assert target.locate("boot", "b").name == "boot_b"
        assert target.locate("boot", None).name == "boot_a"
        assert target.locate("x", "b").name == "x"
        with refused(Code.UNKNOWN_PARTITION):
            target.locate("y", "b")
    with bootloader({}) as target:
        with refused(Code.PROTOCOL_ERROR) as refusal:
            target.locate("boot", "b")
        assert "whether boot has slots" in refusal.fault.sentence
        assert target.locate("boot", None) == Place("boot", None)


def test_a_logical_partition_can_be_resized(tmp_path: Path) -> None:
    with emulated(tmp_path) as device, device.connect(ignore) as target:
        device.device.device.partitions.create("odm", 0)
        place = target.locate("odm", None)
        assert place == Place("odm", 0, resizable=True)
        target.resize(place, 4096)
        assert target.locate("odm", None).size == 4096


def test_flashing_is_given_time_for_what_a_fill_stands_for() -> None:
    """Twenty bytes that fill two million take the device longer than twenty bytes would."""
    part = Part(size=20, content=2_000_000, sparse=True, buffers=lambda: iter([(bytes(20), 0)]))
    assert QUICK.flash_wait(20) < 0.3 < QUICK.flash_wait(part.content)
    waits = []

    class Watched(TcpTransport):
        def receive(self, wait: float) -> bytes:
            waits.append(wait)
            return super().receive(wait)

    with (
        tcp_device(lambda peer: peer.expect("flash:a", b"OKAY")) as address,
        Watched.connect(address) as transport,
    ):
        FastbootTarget(transport, ignore, QUICK).commit(Place("a", None), part)
    assert waits == [QUICK.flash_wait(2_000_000)]


def test_a_locked_device_and_an_empty_battery_are_seen(tmp_path: Path) -> None:
    profile = replace(AB, locked=True, battery_mv=3000)
    with emulated(tmp_path, "tcp", profile) as device, device.connect(ignore) as target:
        found = target.describe()
    assert (found.locked, found.battery_mv, found.battery_ok) == (True, 3000, False)


def test_what_a_bootloader_cannot_do_is_not_pretended(tmp_path: Path) -> None:
    place = Place("boot", None)
    part = next(Generated("seed", 4096).parts(MIB))
    with emulated(tmp_path) as device, device.connect(ignore) as target:
        with refused(Code.NOT_SUPPORTED):
            target.sync(place)
        with refused(Code.NOT_SUPPORTED):
            target.compare(place, part)
