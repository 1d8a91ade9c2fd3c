"""Emulated devices in a process of their own, which write down what they are made to do.

`python -m chaos.ledger DIR SPEED DEVICES.json`: DEVICES maps a serial to its partitions. Each
command becomes a line of DIR/ledger: the serial, the bytes of data received before it, itself.
"""

from __future__ import annotations

import json
import signal
import sys
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import TextIO

from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.emulator.command import Command
from flashyard.flash.emulator.device import Device

NAME = "ledger"
_BOOT = 0.4  # seconds a device is away when it restarts
_LATENCY = 0.002  # seconds it takes for each reply: being asked who it is takes its time


class Ledger:
    """What the devices wrote so far, by job: a job's partitions are nobody else's.

    A partition is called after its job: `j12`, or `j12.1` and so on where there are several.
    Bytes belong to the job that was named last on their device, whether or not they were flashed.

    Attributes:
        received: bytes of data by job.
        flashed: how many parts by partition.
        newest: the job named last, by device.
    """

    def __init__(self, folder: Path) -> None:
        self.received: defaultdict[str, int] = defaultdict(int)
        self.flashed: defaultdict[str, int] = defaultdict(int)
        self.newest: dict[str, str] = {}
        self._path = folder / NAME
        self._offset = 0
        self._seen: dict[str, int] = {}

    def read(self) -> None:
        """Take in what was written since."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # half of it is written
                self._offset += len(line)
                serial, received, command = line.decode().rstrip("\n").split("\t")
                self._take(serial, int(received), command)

    def _take(self, serial: str, received: int, command: str) -> None:
        if job := self.newest.get(serial):
            self.received[job] += received - self._seen.get(serial, 0)
        self._seen[serial] = received
        word, _, argument = command.partition(":")
        name = argument.rpartition(":")[2]
        if name.startswith("j"):
            self.newest[serial] = name.partition(".")[0]
        if word == "flash":
            self.flashed[name] += 1


class _Written(Device):
    """A device that writes down each command before it obeys."""

    book: TextIO

    def note(self, command: Command) -> None:
        super().note(command)
        self.jot(str(command))

    def jot(self, command: str) -> None:
        self.book.write(f"{self.profile.serial}\t{self.received}\t{command}\n")


def main(folder: Path, speed: int, devices: dict[str, dict[str, int]]) -> None:
    """Serve until SIGTERM."""
    over = Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    with ExitStack() as stack:
        book = stack.enter_context((folder / NAME).open("a", buffering=1))
        urls: list[str] = []
        for serial, partitions in devices.items():
            profile = Profile(
                serial=serial,
                partitions=partitions,
                link_speed=speed,
                boot_s=_BOOT,
                latency_s=_LATENCY,
            )
            made = EmulatedDevice(profile, folder, tcp=("127.0.0.1", 0))
            made.device = device = _Written(profile, made.device.media)
            device.book = book
            stack.callback(device.jot, "")  # what came since its last command
            stack.enter_context(made)
            urls += made.urls()
        sys.stdout.write(f"ready {' '.join(urls)}\n")
        sys.stdout.flush()
        over.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text()))
