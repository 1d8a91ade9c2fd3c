"""Emulated devices in a process of their own, which write down what they are made to do.

`python -m chaos.ledger DIR SPEED DEVICES.json`: DEVICES maps a serial to its partitions. Each
command becomes a line of DIR/ledger, behind the serial; in the end, `took:BYTES:JOB` of each job.
"""

from __future__ import annotations

import json
import signal
import sys
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from threading import Event, local
from typing import TextIO

from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.emulator.command import Command
from flashyard.flash.emulator.device import Device
from flashyard.flash.emulator.media import Media

NAME = "ledger"
_BOOT = 0.4  # seconds a device is away when it restarts
_LATENCY = 0.002  # seconds it takes for each reply: being asked who it is takes its time


class Ledger:
    """What the devices wrote so far, by job: a job's partitions are nobody else's.

    A partition is called after its job: `j12`, or `j12.1` and so on where there are several.
    Bytes belong to the job that was named last in their session, whether or not they were flashed:
    of one that was broken off some may come when the next has begun.

    Attributes:
        received: bytes of data by job, once the devices are switched off.
        flashed: how many parts by partition.
        newest: the job named last, by device.
    """

    def __init__(self, folder: Path) -> None:
        self.received: defaultdict[str, int] = defaultdict(int)
        self.flashed: defaultdict[str, int] = defaultdict(int)
        self.newest: dict[str, str] = {}
        self._path = folder / NAME
        self._offset = 0

    def read(self) -> None:
        """Take in what was written since."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # half of it is written
                self._offset += len(line)
                self._take(*line.decode().rstrip("\n").split("\t"))

    def _take(self, serial: str, command: str) -> None:
        word, _, argument = command.partition(":")
        if word == "took":
            count, _, job = argument.partition(":")
            self.received[job] += int(count)
            return
        if job := _job_in(argument):
            self.newest[serial] = job
        if word == "flash":
            self.flashed[argument] += 1


def _job_in(argument: str) -> str:
    """Tell whose partition is named, if one is."""
    name = argument.rpartition(":")[2]
    return name.partition(".")[0] if name.startswith("j") else ""


class WrittenDevice(Device):
    """A device that writes down each command before it obeys."""

    def __init__(self, profile: Profile, media: Media, book: TextIO) -> None:
        super().__init__(profile, media)
        self._book = book
        self._session = local()  # each is a thread of its own
        self._took: defaultdict[str, int] = defaultdict(int)

    def note(self, command: Command) -> None:
        super().note(command)
        self._session.job = _job_in(command.argument) or getattr(self._session, "job", "")
        self._jot(str(command))

    def add_received(self, count: int) -> None:
        super().add_received(count)
        with self._receipt_lock:
            self._took[self._session.job] += count

    def sum_up(self) -> None:
        for job, count in self._took.items():
            self._jot(f"took:{count}:{job}")

    def _jot(self, words: str) -> None:
        self._book.write(f"{self.profile.serial}\t{words}\n")


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
            made.device = device = WrittenDevice(profile, made.device.media, book)
            stack.callback(device.sum_up)
            stack.enter_context(made)
            urls += made.urls()
        sys.stdout.write(f"ready {' '.join(urls)}\n")
        sys.stdout.flush()
        over.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text()))
