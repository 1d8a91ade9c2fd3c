"""An image in memory over USB into a phone that throws it away: our target against AOSP's client.

Both run in a virtual machine on the kernel's own USB stack, whose controller is software: the
ratio says something, the megabytes a second say nothing of a real controller.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench.pairs import in_turn, spread
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.fastboot.usb import UsbAddress
from flashyard.flash.images.image import Image
from flashyard.flash.ports.sysfs import Sysfs
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from flashyard.flash.usb.host import UsbHost
from support.guest.guest import MEMORY, QEMU, Guest
from support.guest.kernel import fetch_kernel
from support.guest.plugged import SERIAL, a_phone

MIB = 1 << 20
SIZE = 64 * MIB
GOAL = 1.5
CACHE = Path(__file__).parents[2] / "build" / "guest"
IMAGE = MEMORY / "image"
_WITHIN_S = 600.0


def main(pairs: int = 7) -> None:
    """Boot, measure inside, print the table."""
    if shutil.which(QEMU) is None:
        print(f"not measured: {QEMU} is not here and could not be installed")
        return
    with tempfile.TemporaryDirectory() as folder, Guest(fetch_kernel(CACHE), Path(folder)) as guest:
        guest.told(f"head -c {SIZE} /dev/urandom >{IMAGE}")
        with a_phone(guest, "--discard", "--max-download", str(2 * SIZE // MIB)):
            done = guest.start_module("bench.usb", "inside", str(pairs)).wait(_WITHIN_S)
    if done.status:
        raise RuntimeError(done.out)
    ours, theirs = json.loads(done.out)
    print(f"{SIZE // MIB} MiB over USB (dummy_hcd in QEMU), {pairs} pairs, median [least-most]")
    for name, walls in (("flashyard", ours), ("AOSP fastboot", theirs)):
        print(f"  {name:14} {spread([SIZE / 1e6 / wall for wall in walls], 0)} MB/s")
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    met = "met" if sorted(ratios)[len(ratios) // 2] >= GOAL else "missed"
    print(f"  throughput, pair by pair: {spread(ratios)} times AOSP's   (goal: {GOAL}, {met})")


def inside(pairs: int) -> None:
    """Measure, in the guest; print the seconds of both as JSON."""
    host = UsbHost(Sysfs())
    [station] = (at for at, plugged in host.sysfs.scan().items() if plugged.serial == SERIAL)
    address = UsbAddress(host, station, station, SERIAL)
    ours, theirs = in_turn(partial(_flash, address), _fastboot, pairs)
    print(json.dumps([[cost.wall for cost in costs] for costs in (ours, theirs)]))


def _flash(address: UsbAddress) -> None:
    with Image(IMAGE) as source:
        recipe = Recipe(steps=(Step("system", source),), reboot=False)
        write(lambda tell: FastbootTarget.open(address, tell), recipe, Run(("system",)))


def _fastboot() -> None:
    command = ["fastboot", "-s", SERIAL, "flash", "system", str(IMAGE)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        inside(*map(int, sys.argv[2:]))
    else:
        main(*map(int, sys.argv[1:]))
