"""An emulated device, and AOSP's own client in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flashyard.flash.emulator import EmulatedDevice, Profile
from support.fastboot_host import reference_client


@dataclass
class ReferenceBench:
    """``transport``: the one of the device's two that the client takes."""

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
        """What the device was told to do."""
        with self.device.device.lock:
            said = list(self.device.device.commands)
        return [word for word in said if not word.startswith(("getvar:", "download:"))]


@contextmanager
def reference_bench(profile: Profile, transport: str, directory: Path) -> Iterator[ReferenceBench]:
    """Switch the device on, where both transports can be had."""
    free = ("127.0.0.1", 0)
    with EmulatedDevice(profile, directory, tcp=free, udp=free) as device:
        yield ReferenceBench(device, transport)
