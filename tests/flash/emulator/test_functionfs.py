"""A device on FunctionFS, as far as no kernel is needed: named pipes are its endpoints."""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.emulator.bulk import BulkWire
from flashyard.flash.emulator.functionfs import descriptors, strings
from flashyard.flash.emulator.wire import WireGoneError
from support.faults import refused

DEADLINE = 10.0


def test_the_descriptors_are_whole_and_say_fastboot_at_every_speed() -> None:
    told = descriptors()
    magic, length, flags, full, high, fast = struct.unpack_from("<6I", told)
    assert (magic, length, flags) == (3, len(told), 0b111)
    body, at, kinds, packets = told[24:], 0, [], []
    while at < len(body):
        size, kind = body[at], body[at + 1]
        kinds.append(kind)
        if kind == 4:
            assert body[at + 5 : at + 8] == b"\xff\x42\x03"
        if kind == 5:
            assert body[at + 3] == 2  # bulk
            packets.append(int.from_bytes(body[at + 4 : at + 6], "little"))
        at += size
    assert at == len(body)
    assert len(kinds) == full + high + fast
    assert packets == [64, 64, 512, 512, 1024, 1024]
    assert kinds[-5:] == [4, 5, 0x30, 5, 0x30]


def test_the_interface_has_a_name() -> None:
    told = strings("fastbootd")
    assert struct.unpack_from("<4IH", told) == (2, len(told), 1, 1, 0x0409)
    assert told[18:] == b"fastbootd\0"


@contextmanager
def mount(directory: Path) -> Iterator[Path]:
    directory.mkdir()
    (directory / "ep0").touch()
    for name in ("ep1", "ep2"):
        os.mkfifo(directory / name)
    yield directory


class UsbHost:
    """The other ends of the endpoints."""

    def __init__(self, directory: Path) -> None:
        self._into = os.open(directory / "ep1", os.O_RDWR)
        self._out = os.open(directory / "ep2", os.O_RDWR)

    def say(self, packet: bytes) -> bytes:
        os.write(self._out, packet)
        ready, _, _ = select.select([self._into], [], [], DEADLINE)
        assert ready, f"no answer to {packet!r}"
        return os.read(self._into, 4096)

    def close(self) -> None:
        os.close(self._into)
        os.close(self._out)


def test_a_device_answers_over_its_endpoints(tmp_path: Path) -> None:
    with mount(tmp_path / "ffs") as ffs:
        host = UsbHost(ffs)
        profile = Profile(serial="GADGET_1")
        with EmulatedDevice(profile, tmp_path / "out", usb=(ffs, None)) as device:
            assert device.urls() == [f"fastboot-usb:{ffs}/GADGET_1"]
            assert (ffs / "ep0").read_bytes() == descriptors() + strings("fastboot")
            assert host.say(b"getvar:serialno") == b"OKAYGADGET_1"
            assert host.say(b"download:00000600") == b"DATA00000600"
            assert host.say(b"x" * 0x600) == b"OKAY"
            assert host.say(b"flash:boot").startswith(b"INFO")
            host.close()


def test_a_directory_that_is_no_mount_is_refused_with_a_hint(tmp_path: Path) -> None:
    device = EmulatedDevice(Profile(serial="GADGET_1"), tmp_path, usb=(tmp_path / "none", None))
    with refused(Code.INVALID_REQUEST) as told, device:
        pass
    assert "configfs" in (told.fault.hint or "")


def test_data_is_taken_wherever_its_transfers_end_and_empty_ones_say_nothing() -> None:
    device, host = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with device, host:
        wire = BulkWire(device.fileno(), device.fileno(), Event().wait, lambda: None)
        for packet in (b"", b"getvar:version", b"a" * 512, b"", b"b" * 300):
            host.send(packet)
        assert wire.read_command() == b"getvar:version"
        view = memoryview(bytearray(812))
        assert wire.read_into(view[:600]) == 512
        assert wire.read_into(view[512:600]) == 88
        assert wire.read_into(view[600:]) == 212
        assert bytes(view) == b"a" * 512 + b"b" * 300


def test_a_host_that_is_gone_ends_the_session() -> None:
    device, host = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with device:
        wire = BulkWire(device.fileno(), device.fileno(), Event().wait, lambda: None)
        host.close()
        with pytest.raises(WireGoneError):
            wire.read_command()
        with pytest.raises(WireGoneError):
            wire.send(b"OKAY")
