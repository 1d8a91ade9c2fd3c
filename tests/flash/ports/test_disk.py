from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.flash.ports.disk import Host
from support.paper_disk import PaperHost

USB = "devices/pci0000:00/usb1/1-2/1-2:1.0/host5"


def test_a_stick_is_told_with_its_port_and_its_traits(tmp_path: Path) -> None:
    paper = PaperHost(tmp_path)
    paper.disk()
    (disk,) = paper.host.disks()
    assert disk.name == "sdb"
    assert disk.node == tmp_path / "dev/sdb"
    assert disk.number == "8:16"
    assert disk.size == 8 << 20
    assert disk.port == "pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0"
    assert disk.model == "Acme Stick 2000"
    assert disk.removable
    assert not disk.read_only
    assert disk.family == {"sdb", "sdb1", "sdb2", "8:16", "8:17", "8:18"}


@pytest.mark.parametrize(
    ("told", "bus", "removable"),
    [
        ("1", "devices/ata1/host0", True),
        ("0", USB, True),
        ("0", "devices/ata1/host0", False),
    ],
)
def test_whatever_hangs_on_usb_can_be_pulled_out(
    tmp_path: Path,
    told: str,
    bus: str,
    removable: bool,  # noqa: FBT001 (pytest's way)
) -> None:
    paper = PaperHost(tmp_path)
    paper.disk(removable=told, bus=bus)
    assert paper.host.disks()[0].removable is removable


@pytest.mark.parametrize(("kind", "removable"), [("SD", True), ("MMC", False)])
def test_a_card_can_be_pulled_out_and_soldered_memory_cannot(
    tmp_path: Path,
    kind: str,
    removable: bool,  # noqa: FBT001 (pytest's way)
) -> None:
    paper = PaperHost(tmp_path)
    paper.disk("mmcblk0", removable="0")
    (tmp_path / "sys/devices/pci0000:00/ata1/host0/type").write_text(f"{kind}\n")
    assert paper.host.disks()[0].removable is removable


def test_a_cd_is_no_disk(tmp_path: Path) -> None:
    paper = PaperHost(tmp_path)
    paper.disk("sr0")
    (tmp_path / "sys/devices/pci0000:00/ata1/host0/type").write_text("5\n")
    assert paper.host.disks() == []


def test_the_serial_is_the_stick_s_and_not_its_hub_s(tmp_path: Path) -> None:
    paper = PaperHost(tmp_path)
    paper.disk(bus=USB)
    controller, stick = (tmp_path / "sys" / USB).parents[2], (tmp_path / "sys" / USB).parents[1]
    (controller / "serial").write_text("0000:00:14.0\n")
    (stick / "idVendor").write_text("0781\n")
    assert paper.host.disks()[0].serial is None
    (stick / "serial").write_text("4C53\n")
    assert paper.host.disks()[0].serial == "4C53"


def test_what_is_built_on_a_partition_belongs_to_the_disk(tmp_path: Path) -> None:
    paper = PaperHost(tmp_path)
    paper.disk(holders=("dm-0",))
    paper.mapper("dm-0", "253:0")
    assert {"dm-0", "253:0"} <= paper.host.disks()[0].family


def test_disks_are_in_order_and_need_no_port(tmp_path: Path) -> None:
    paper = PaperHost(tmp_path)
    paper.disk("sdc", number="8:32", port=None, bus="devices/b")
    paper.disk("sdb", bus="devices/a")
    assert [(disk.name, disk.port is None) for disk in paper.host.disks()] == [
        ("sdb", False),
        ("sdc", True),
    ]


def test_a_host_without_disks_has_none(tmp_path: Path) -> None:
    assert Host(sys=tmp_path, dev=tmp_path).disks() == []


def test_this_host_can_be_asked() -> None:
    for disk in Host().disks():
        assert disk.name in disk.family
        assert disk.size % 512 == 0
