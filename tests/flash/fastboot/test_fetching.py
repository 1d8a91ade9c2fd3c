"""Reading back over fastboot, on emulated devices over each of the transports."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Verification
from flashyard.flash.emulator import Profile
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.images.generated import Generated
from flashyard.flash.images.image import Image
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from flashyard.flash.source import Part
from flashyard.flash.target import Place
from support.emulated import MIB, PATIENT, SERIAL, emulated
from support.fake_usb import fake_usb
from support.faults import refused
from support.scripted import TcpPeer, tcp_device

CONTENT = random.Random("fetch").randbytes(MIB + 4096 + 77)
GENERATED = Generated("fetch", 2 * MIB + 5)
RECIPE = Recipe(steps=(Step("boot", GENERATED),), generated=True, read_back=True, reboot=False)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_what_was_written_is_fetched_and_compared(
    tmp_path: Path, transport: Literal["tcp", "udp"]
) -> None:
    with emulated(tmp_path, transport) as device:
        run = device.flash(replace(RECIPE, part_size=MIB))
        assert run.verification is Verification.READBACK
        fetched = [command for command in device.commands if command.startswith("fetch:")]
        assert fetched[0] == "fetch:boot:0x00000000:0x00001000"  # tried before anything else
        assert device.commands.index("flash:boot") > device.commands.index(fetched[0])
        assert len(fetched) <= 1 + 2 * 3


def test_over_usb_too(tmp_path: Path) -> None:
    with fake_usb(tmp_path) as bench:
        device = bench.plug("1-1")
        run = Run(("boot",))
        address = bench.at("1-1")
        write(lambda tell: FastbootTarget.open(address, tell, PATIENT), RECIPE, run)
        assert run.verification is Verification.READBACK
        assert device.emulated.device.counts["fetch"] > 1


def test_only_what_an_image_writes_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(CONTENT + bytes(MIB) + CONTENT)
    profile = Profile(serial=SERIAL, max_download_size=MIB)
    with emulated(tmp_path, "tcp", profile) as device, Image(path) as image:
        recipe = Recipe(steps=(Step("boot", image),), hash_checked=True, read_back=True)
        assert device.flash(recipe).verification is Verification.READBACK


def test_one_byte_that_is_another_fails_the_run(tmp_path: Path) -> None:
    at = MIB + 9

    class Forgetful(FastbootTarget):
        def commit(self, place: Place, part: Part) -> None:
            super().commit(place, part)
            stored = tmp_path / SERIAL / "boot.img"
            content = bytearray(stored.read_bytes())
            content[at] ^= 1
            stored.write_bytes(content)

    with emulated(tmp_path) as device:
        run = Run(("boot",))
        with refused(Code.VERIFY_MISMATCH) as refusal:
            write(lambda tell: Forgetful.open(device.address, tell), RECIPE, run)
        assert f"byte {at} is " in (refusal.fault.details or "")
        assert run.device_state == "boot written, not verified"


def test_a_device_that_does_not_offer_it_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with emulated(tmp_path, "tcp", Profile(serial=SERIAL, discard=True)) as device:
        with refused(Code.NOT_SUPPORTED):
            device.flash(RECIPE)
        assert device.commands == []


def test_a_partition_that_is_not_let_be_read_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with emulated(tmp_path, "tcp", None, "fetch=fail") as device:
        with refused(Code.NOT_SUPPORTED) as refusal:
            device.flash(RECIPE)
        assert "does not let boot be read back" in refusal.fault.sentence
        assert refusal.fault.details == "injected fault"
        assert [command.partition(":")[0] for command in device.commands] == ["fetch"]


@pytest.mark.parametrize("answer", [b"OKAY", b"DATA00000001", b"DATAffffffff"])
def test_another_amount_than_was_asked_for_is_no_fastboot(answer: bytes) -> None:
    def device(peer: TcpPeer) -> None:
        while (command := peer.message()) != b"reboot":
            if command == b"getvar:max-fetch-size":
                peer.say(b"OKAY0x100000")
            else:
                peer.say(answer if command.startswith(b"fetch:") else b"FAILunknown")

    def ignore(_line: str) -> None:
        pass

    with tcp_device(device) as address, FastbootTarget.open(address, ignore) as target:
        assert isinstance(address, Address)
        target.describe()
        with refused(Code.PROTOCOL_ERROR):
            target.try_reading(Place("boot", None))
        target._transport.send(b"reboot", 1)


@pytest.mark.parametrize(
    "argument", ["boot:0:1", "boot:0x0:0x0", "boot:0x0:0xfffffffff", "boot:0x1:0x2:0x3", "nothing"]
)
def test_the_emulator_refuses_what_makes_no_sense(tmp_path: Path, argument: str) -> None:
    with emulated(tmp_path) as device, device.connect(print) as target:
        with refused(Code.DEVICE_REFUSED):
            target._client.command(f"fetch:{argument}", 1.0)
        assert target.serial() == SERIAL


def test_without_a_range_a_small_partition_comes_whole(tmp_path: Path) -> None:
    profile = Profile(serial=SERIAL, partitions={"boot": 8192})
    with emulated(tmp_path, "tcp", profile) as device, device.connect(print) as target:
        room = memoryview(bytearray(b"\xee" * 8192))
        target._client.upload("fetch:boot", room, 1.0)
        assert bytes(room) == bytes(8192)


def test_a_logical_partition_that_grew_is_compared_to_its_new_end(tmp_path: Path) -> None:
    with emulated(tmp_path) as device:
        device.device.device.create_logical("odm", 0)
        recipe = replace(RECIPE, steps=(Step("odm", GENERATED),))
        assert device.flash(recipe).verification is Verification.READBACK
        fetched = [command for command in device.commands if command.startswith("fetch:")]
        end = sum(int(command.rpartition(":")[2], 16) for command in fetched)
        assert end >= GENERATED.size
