from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import TABLE, Code
from flashyard.flash.block.mounts import mounts
from flashyard.flash.block.permit import permit
from flashyard.flash.ports.disk import Host
from support.faults import refused
from support.paper_disk import PaperHost

ROOT = "22 1 8:1 / / rw - ext4 /dev/sda1 rw"


def a_host(tmp_path: Path, *lines: str, swaps: str = "", **traits: Any) -> PaperHost:
    paper = PaperHost(tmp_path)
    paper.disk(**traits)
    paper.mount(ROOT, *lines, swaps=swaps)
    return paper


def test_a_stick_that_nobody_uses_may_be_written(tmp_path: Path) -> None:
    paper = a_host(tmp_path)
    permit(paper.host.disks()[0], paper.host)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("1 1 8:17 / / rw - ext4 /dev/root rw", Code.SYSTEM_DISK, "mounted at /"),
        ("1 1 8:18 / /boot/efi rw - vfat /dev/sdb2 rw", Code.SYSTEM_DISK, "/boot/efi"),
        ("1 1 0:40 /@ /home rw - btrfs /dev/sdb1 rw", Code.SYSTEM_DISK, "/home"),
        ("1 1 8:17 / /media/me/card rw - vfat /dev/sdb1 rw", Code.DISK_IN_USE, "/media/me/card"),
        ("1 1 8:16 / /mnt ro - iso9660 /dev/sdb ro", Code.DISK_IN_USE, "/mnt"),
    ],
)
def test_a_mounted_disk_is_refused_and_told_where(
    tmp_path: Path, line: str, code: Code, said: str
) -> None:
    paper = a_host(tmp_path, line)
    with refused(code) as refusal:
        permit(paper.host.disks()[0], paper.host)
    assert said in (refusal.fault.details or "")


@pytest.mark.parametrize(
    ("traits", "code"),
    [
        ({"removable": "0"}, Code.DISK_NOT_REMOVABLE),
        ({"read_only": "1"}, Code.DISK_READ_ONLY),
        ({"size": 0}, Code.DEVICE_OFFLINE),
    ],
)
def test_what_is_no_writable_removable_disk_is_refused(
    tmp_path: Path, traits: dict[str, Any], code: Code
) -> None:
    paper = a_host(tmp_path, **traits)
    with refused(code) as refusal:
        permit(paper.host.disks()[0], paper.host)
    assert refusal.fault.hint


def test_a_disk_that_is_swapped_to_is_the_system_s(tmp_path: Path) -> None:
    paper = a_host(tmp_path, swaps="/dev/sdb2 partition 1000 0 -2\n")
    with refused(Code.SYSTEM_DISK) as refusal:
        permit(paper.host.disks()[0], paper.host)
    assert "swap on /dev/sdb2" in (refusal.fault.details or "")


def test_a_disk_under_an_encrypted_root_is_the_system_s(tmp_path: Path) -> None:
    paper = PaperHost(tmp_path)
    paper.disk(holders=("dm-0",))
    paper.mapper("dm-0", "253:0")
    paper.mount("22 1 253:0 / / rw - ext4 /dev/mapper/root rw")
    with refused(Code.SYSTEM_DISK):
        permit(paper.host.disks()[0], paper.host)


def test_each_refusal_has_a_code_and_a_hint_of_its_own() -> None:
    codes = (Code.SYSTEM_DISK, Code.DISK_NOT_REMOVABLE, Code.DISK_READ_ONLY, Code.DISK_IN_USE)
    assert len({TABLE[code].hint for code in codes}) == len(codes)


def test_a_host_that_does_not_tell_its_mounts_writes_nothing(tmp_path: Path) -> None:
    paper = PaperHost(tmp_path)
    paper.disk()
    with refused(Code.INTERNAL):
        permit(paper.host.disks()[0], paper.host)


def test_the_disk_this_host_runs_from_is_never_written() -> None:
    host = Host()
    points = {mount.number for mount in mounts() if mount.point == "/"}
    own = [disk for disk in host.disks() if points & disk.family]
    if not own:
        pytest.skip("this host's root lies on no disk of its own")
    with refused(Code.SYSTEM_DISK):
        permit(replace(own[0], removable=True), host)
