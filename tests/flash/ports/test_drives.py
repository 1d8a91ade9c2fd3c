from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.flash.ports.plugged import Drive
from support.fake_sysfs import ADB
from support.paper_reader import MIB, STATION, PaperReader


@pytest.fixture
def bench(tmp_path: Path) -> PaperReader:
    return PaperReader(tmp_path)


def drives(bench: PaperReader, port: int = 1) -> tuple[Drive, ...]:
    plugged = bench.host.sysfs.at(STATION.format(port))
    assert plugged is not None
    return plugged.drives


def test_the_disks_of_a_device_are_told_by_their_slots(bench: PaperReader) -> None:
    bench.plug("1-1")
    assert drives(bench) == ()
    bench.insert("1-1", "sdb", lun=1, number="8:16", size=8 * MIB)
    bench.insert("1-1", "sda", lun=0, number="8:0", size=0)
    assert drives(bench) == (Drive(0, "sda", "8:0", 0), Drive(1, "sdb", "8:16", 8 * MIB))


def test_a_cd_is_no_disk_and_what_tells_nothing_is_none_either(bench: PaperReader) -> None:
    bench.plug("1-1")
    bench.insert("1-1", "sr0", kind="5")
    bench.insert("1-1", "sdb", lun=1, number="8:16")
    bench.tell("sdb", size="many")
    assert drives(bench) == ()


def test_only_what_says_it_stores_is_searched_for_disks(bench: PaperReader) -> None:
    bench.sysfs.plug("1-1", ADB, serial="PHONE_1")
    bench.insert("1-1")
    assert drives(bench) == ()
