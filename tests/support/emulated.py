"""An emulated device and one way to reach it; a recipe run on it as the agent would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from flashyard.flash.emulator import EmulatedDevice, Mischief, Profile
from flashyard.flash.emulator.mischief import parse_mischief
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.running.recipe import Recipe
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from flashyard.flash.target import Tell

SERIAL = "EMULATED_001"
MIB = 1 << 20
# Long enough for a busy machine, short enough to be waited for where a device is silent.
PATIENT = Limits()
HASTY = Limits(getvar=0.3, stall=0.3, download=0.3, flash=0.3, erase=0.3, reboot=0.3, resend=0.05)


class Emulated(NamedTuple):
    """A device that is on, and its address."""

    device: EmulatedDevice
    address: Address

    def connect(self, tell: Tell, limits: Limits = PATIENT) -> FastbootTarget:
        return FastbootTarget.open(self.address, tell, limits)

    def flash(self, recipe: Recipe, limits: Limits = PATIENT, run: Run | None = None) -> Run:
        """Run a recipe; raises what the writer raises."""
        run = run or run_of(recipe)
        write(lambda tell: self.connect(tell, limits), recipe, run)
        return run

    def content(self, partition: str) -> bytes:
        return self.device.partition_file(partition).read_bytes()

    @property
    def commands(self) -> list[str]:
        """What it was told to do; questions are left out."""
        told = list(self.device.device.commands)
        return [command for command in told if not command.startswith("getvar:")]


def run_of(recipe: Recipe) -> Run:
    return Run(tuple(step.partition for step in recipe.steps))


@contextmanager
def emulated(
    out: Path,
    transport: Literal["tcp", "udp"] = "tcp",
    profile: Profile | None = None,
    *faults: str,
) -> Iterator[Emulated]:
    """Switch a device on; ``faults`` are in the grammar of the command line."""
    profile = profile or Profile(serial=SERIAL)
    mischief: tuple[Mischief, ...] = tuple(parse_mischief(fault) for fault in faults)
    profile = replace(profile, faults=mischief)
    free = ("127.0.0.1", 0)
    tcp, udp = (free, None) if transport == "tcp" else (None, free)
    with EmulatedDevice(profile, out, tcp=tcp, udp=udp) as device:
        where = device.tcp_address if transport == "tcp" else device.udp_address
        yield Emulated(device, Address(transport, *where))
