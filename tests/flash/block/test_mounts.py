from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code, Fault, FaultError
from flashyard.flash.block.mounts import MOUNTINFO, Mount, mounts, parse
from support.faults import refused

LINES = (
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro",
    "36 22 8:17 / /media/a\\040stick rw,nosuid shared:7 master:3 - vfat /dev/sdb1 rw",
    "99 22 0:42 /@home /home rw - btrfs /dev/mapper/crypt\\0552 rw,subvol=/@home",
    "24 22 0:5 / /proc rw - proc none rw",
)
WHOLE = "".join(f"{line}\n" for line in LINES).encode()


def test_numbers_points_and_nodes_are_told() -> None:
    assert parse(WHOLE)[:3] == [
        Mount("8:1", "/", "ext4", "/dev/sda1"),
        Mount("8:17", "/media/a stick", "vfat", "/dev/sdb1"),
        Mount("0:42", "/home", "btrfs", "/dev/mapper/crypt-2"),
    ]


def test_this_host_s_own_mounts_are_read() -> None:
    assert "/" in {mount.point for mount in mounts()}
    for mount in mounts():
        assert os.path.lexists(mount.point), mount


def test_what_cannot_be_read_lets_no_disk_seem_free(tmp_path: Path) -> None:
    with refused(Code.INTERNAL) as refusal:
        mounts(tmp_path / "none")
    assert str(MOUNTINFO) in (refusal.fault.hint or "")


@pytest.mark.parametrize(
    "line",
    [
        "22 1 8:1 / / rw shared:1 ext4 /dev/sda1 rw",
        "22 1 eight / / rw - ext4 /dev/sda1 rw",
        "22 1 8:1 / / rw - ext4",
        "-",
        "x" * 5000,
    ],
)
def test_a_line_that_makes_no_sense_is_refused(line: str) -> None:
    with refused(Code.INTERNAL):
        parse(line.encode())


def read_damaged(seed: int, count: int) -> int:
    """Parse mutated copies; return how many were refused."""
    noise = random.Random(seed)
    faults: list[Fault] = []
    for _ in range(count):
        damaged = bytearray(WHOLE)
        for _ in range(noise.randint(1, 4)):
            at = noise.randrange(len(damaged))
            damaged[at : at + noise.randint(0, 9)] = noise.randbytes(noise.randint(0, 9))
        try:
            for mount in parse(bytes(damaged)):
                assert len(mount.point) <= len(WHOLE)
        except FaultError as error:
            faults.append(error.fault)
    assert {fault.code for fault in faults} <= {Code.INTERNAL}
    assert all(len(fault.details or "") < 1000 for fault in faults)
    return len(faults)


@given(st.integers())
def test_damage_is_a_fault_and_never_a_traceback(seed: int) -> None:
    read_damaged(seed, 5)
