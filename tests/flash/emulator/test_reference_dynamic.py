"""AOSP's own client meets partitions that live in `super`, over both transports."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flashyard.flash.emulator import EmulatedDevice, Profile
from support.fastboot_host import reference_client

MIB = 1 << 20


@dataclass
class Bench:
    """A device with logical partitions, and the client in front of it."""

    device: EmulatedDevice
    transport: str

    def client(self, *arguments: str | Path, fails: bool = False) -> str:
        address = getattr(self.device, f"{self.transport}_address")
        done = reference_client(self.transport, address, *arguments)
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr

    def content(self, partition: str) -> bytes:
        return self.device.partition_file(partition).read_bytes()

    @property
    def told(self) -> list[str]:
        with self.device.device.lock:
            said = list(self.device.device.commands)
        return [word for word in said if not word.startswith(("getvar:", "download:"))]


@pytest.fixture(params=["tcp", "udp"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
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
    free = ("127.0.0.1", 0)
    with EmulatedDevice(profile, tmp_path / "out", tcp=free, udp=free) as device:
        yield Bench(device, request.param)


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def image(directory: Path, size: int, name: str = "image") -> Path:
    path = directory / name
    path.write_bytes(noise(size))
    return path


def test_it_flashes_a_logical_partition_in_fastbootd_alone(bench: Bench, tmp_path: Path) -> None:
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


def test_what_does_not_fit_super_is_refused_by_the_device(bench: Bench, tmp_path: Path) -> None:
    bench.client("reboot", "fastboot")
    said = bench.client("flash", "system", image(tmp_path, 4 * MIB), fails=True)
    assert "not enough space in super" in said


def test_it_flashes_a_whole_update_in_fastbootd(bench: Bench, tmp_path: Path) -> None:
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
