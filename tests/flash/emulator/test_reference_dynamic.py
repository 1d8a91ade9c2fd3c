"""AOSP's own client meets partitions that live in `super`, over both transports."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flashyard.flash.emulator import Profile
from support.reference_bench import ReferenceBench, reference_bench

MIB = 1 << 20


@pytest.fixture(params=["tcp", "udp"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReferenceBench]:
    profile = Profile(
        serial="REFERENCE_1",
        slots=2,
        partitions={"boot": 4 * MIB, "userdata": 4 * MIB},
        logical={"system": MIB, "vendor": MIB},
        super_size=4 * MIB,
        max_download_size=8 * MIB,
        userspace_download=MIB,
        boot_s=0.2,
    )
    with reference_bench(profile, request.param, tmp_path / "out") as made:
        yield made


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def image(directory: Path, size: int, name: str = "image") -> Path:
    path = directory / name
    path.write_bytes(noise(size))
    return path


def test_it_flashes_a_logical_partition_in_fastbootd_alone(
    bench: ReferenceBench, tmp_path: Path
) -> None:
    path = image(tmp_path, 2 * MIB)
    assert "no such partition: system" in bench.client("flash", "system", path, fails=True)
    bench.client("reboot", "fastboot")
    told = bench.client("getvar", "all")
    for line in ("is-userspace:yes", "is-logical:system_a:yes", "max-download-size:0x100000"):
        assert f"(bootloader) {line}\n" in told
    said = bench.client("flash", "system", path)
    assert "Resizing 'system_a'" in said
    assert bench.content("system_a") == noise(2 * MIB)
    bench.client("reboot", "bootloader")
    assert "is-userspace: no" in bench.client("getvar", "is-userspace")


def test_what_does_not_fit_super_is_refused_by_the_device(
    bench: ReferenceBench, tmp_path: Path
) -> None:
    bench.client("reboot", "fastboot")
    said = bench.client("flash", "system", image(tmp_path, 4 * MIB), fails=True)
    assert "not enough space in super" in said


def test_it_flashes_a_whole_update_in_fastbootd(bench: ReferenceBench, tmp_path: Path) -> None:
    package = tmp_path / "update.zip"
    with zipfile.ZipFile(package, "w") as update:
        update.writestr("android-info.txt", "require product=flashyard\n")
        for name in ("boot", "system", "vendor"):
            update.write(image(tmp_path, MIB + 4096, name), f"{name}.img")
    bench.client("reboot", "fastboot")
    bench.client("--skip-reboot", "update", package)
    for name in ("boot_a", "system_a", "vendor_a"):
        assert bench.content(name) == noise(MIB + 4096)
    assert bench.told[-1].startswith("flash:")
