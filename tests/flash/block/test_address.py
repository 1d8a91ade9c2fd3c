from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.block.address import DiskAddress
from flashyard.flash.opening import addresses
from support.faults import refused
from support.paper_reader import MIB, STATION, PaperReader


@pytest.fixture
def bench(tmp_path: Path) -> PaperReader:
    bench = PaperReader(tmp_path)
    bench.plug("1-1")
    bench.insert("1-1")
    return bench


def seen(bench: PaperReader, largest: int = 8 * MIB) -> DiskAddress:
    """Where the disk is, by what can be seen now."""
    plugged = bench.host.sysfs.at(STATION.format(1))
    assert plugged is not None
    address = addresses(bench.host, plugged, "Bench 1", largest)[0]
    assert isinstance(address, DiskAddress)
    return address


def ignore(_line: str) -> None:
    """Nobody listens."""


def test_a_disk_is_described_without_being_opened_and_opened_to_be_written(
    bench: PaperReader,
) -> None:
    address = seen(bench)
    (bench.nodes / "sda").rename(bench.nodes / "elsewhere")
    told = address.describe()
    assert (told.mode, told.partitions) == ("storage", {"disk": 8 * MIB})
    assert address.objection() is None
    assert (str(address), address.transport) == ("Bench 1", "usb")
    (bench.nodes / "elsewhere").rename(bench.nodes / "sda")
    with address.open(ignore) as target:
        assert target.describe() == told


def test_what_took_its_place_is_not_opened(bench: PaperReader) -> None:
    address = seen(bench)
    bench.tell("sda", size="4096")
    with refused(Code.DEVICE_MISMATCH):
        address.open(ignore)
    with refused(Code.DEVICE_MISMATCH):
        address.describe()
    bench.unplug("1-1")
    with refused(Code.USB_UNPLUGGED):
        address.open(ignore)
    bench.plug("1-1", "STICK_2")
    bench.insert("1-1")
    with refused(Code.DEVICE_MISMATCH):
        address.open(ignore)


def test_a_slot_without_a_medium_and_a_plug_without_a_disk_are_offline(bench: PaperReader) -> None:
    bench.take_out("sda")
    with refused(Code.DEVICE_OFFLINE) as refusal:
        seen(bench).describe()
    assert "no medium" in refusal.fault.sentence
    bench.unplug("1-1")
    bench.plug("1-1")
    address = seen(bench)
    with refused(Code.DEVICE_OFFLINE):
        address.describe()
    why = address.objection()
    assert why is not None
    assert why.code is Code.DEVICE_OFFLINE


def test_a_disk_too_large_is_objected_to_and_not_opened(bench: PaperReader) -> None:
    address = seen(bench, largest=8 * MIB - 1)
    why = address.objection()
    assert why is not None
    assert why.code is Code.NOT_ALLOWED
    with refused(Code.NOT_ALLOWED):
        address.open(ignore)
