"""AOSP's own client, as Debian ships it, drives the emulator."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from flashyard.flash.emulator import Profile
from support.reference_bench import ReferenceBench, reference_bench

MIB = 1 << 20


@pytest.fixture(params=["tcp", "udp"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReferenceBench]:
    profile = Profile(serial="REFERENCE_1", slots=2, max_download_size=MIB, boot_s=0.2)
    with reference_bench(profile, request.param, tmp_path / "out") as made:
        yield made


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def test_it_lists_every_variable(bench: ReferenceBench) -> None:
    told = bench.client("getvar", "all")
    for line in (
        "serialno:REFERENCE_1",
        "max-download-size:0x100000",
        "current-slot:a",
        "has-slot:system:yes",
        "partition-size:system_b:0x200000000",
        "is-logical:boot_a:no",
        "flashyard-emulator:1",
    ):
        assert f"(bootloader) {line}\n" in told


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 300_000, MIB])
def test_a_raw_image_within_the_limit_arrives(
    bench: ReferenceBench, tmp_path: Path, size: int
) -> None:
    image = tmp_path / "image"
    image.write_bytes(noise(size))
    bench.client("flash", "boot", image)
    assert bench.content("boot_a") == noise(size) + bytes(-size % 4096)


@pytest.mark.parametrize("size", [MIB + 1, 3 * MIB, 3 * MIB + 4095])
def test_a_raw_image_over_the_limit_is_split_and_arrives(
    bench: ReferenceBench, tmp_path: Path, size: int
) -> None:
    image = tmp_path / "image"
    image.write_bytes(noise(size))
    assert "Sending sparse" in bench.client("flash", "vendor_b", image)
    assert bench.content("vendor_b") == noise(size) + bytes(-size % 4096)


def test_a_sparse_file_system_arrives(bench: ReferenceBench, tmp_path: Path) -> None:
    tree, plain, sparse = tmp_path / "tree", tmp_path / "plain", tmp_path / "sparse"
    tree.mkdir()
    for number in range(4):
        (tree / f"file-{number}").write_bytes(noise(600_000 + number))
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, plain, "16m"], check=True)
    subprocess.run(["img2simg", plain, sparse], check=True)
    assert sparse.stat().st_size > 2 * MIB
    bench.client("flash", "system", sparse)
    assert bench.content("system") == plain.read_bytes()


def test_what_is_erased_is_gone(bench: ReferenceBench, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(noise(5000))
    bench.client("flash", "boot", image)
    bench.client("erase", "boot")
    assert not bench.device.partition_file("boot").exists()


def test_it_switches_slots_and_flashes_the_new_one(bench: ReferenceBench, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(noise(5000))
    bench.client("set_active", "b")
    assert "current-slot: b" in bench.client("getvar", "current-slot")
    bench.client("flash", "boot", image)
    assert bench.device.partition_file("boot").name == "boot_b.img"
    assert bench.content("boot_b")[:5000] == noise(5000)


def test_a_restarted_device_comes_back(bench: ReferenceBench) -> None:
    bench.client("reboot")
    assert "serialno: REFERENCE_1" in bench.client("getvar", "serialno")
    assert "is-userspace: no" in bench.client("getvar", "is-userspace")
    bench.client("reboot-fastboot")
    assert "is-userspace: yes" in bench.client("getvar", "is-userspace")
    bench.client("reboot-bootloader")
    assert "is-userspace: no" in bench.client("getvar", "is-userspace")
    assert bench.device.device.boots == 3


def test_an_unknown_partition_is_an_error(bench: ReferenceBench, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(noise(5000))
    assert "no such partition: nowhere" in bench.client("flash", "nowhere", image, fails=True)
    assert "no such partition: nowhere" in bench.client("erase", "nowhere", fails=True)


def test_it_makes_resizes_and_deletes_logical_partitions(
    bench: ReferenceBench, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.write_bytes(noise(5000))
    bench.client("create-logical-partition", "extra", "8192")
    bench.client("flash", "extra", image)
    assert bench.content("extra")[:5000] == noise(5000)
    bench.client("resize-logical-partition", "extra", "4096")
    assert "partition-size:extra: 0x1000" in bench.client("getvar", "partition-size:extra")
    bench.client("delete-logical-partition", "extra")
    assert "no such partition" in bench.client("erase", "extra", fails=True)
