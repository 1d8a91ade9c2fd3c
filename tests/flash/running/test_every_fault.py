"""Every fault of the emulator at every command of a job, over every transport: no lie anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any, Literal, NamedTuple

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.contract.phases import Phase, Status, Verification
from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.emulator.mischief import Mishaps, parse_mischief
from flashyard.flash.fastboot.limits import DEFAULT_LIMITS, Limits
from flashyard.flash.fastboot.target import AnyAddress, FastbootTarget
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.images.generated import Generated
from flashyard.flash.probe import probe
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from support.fake_usb import fake_usb
from support.mishaps import KINDS, right_codes

Transport = Literal["tcp", "udp", "usb"]
MIB = 1 << 20
SOURCE = Generated("every fault", 300_000)
CONTENT = b"".join(bytes(view) for view in SOURCE.views(0, SOURCE.size))
RECIPE = Recipe(steps=(Step("system", SOURCE),), erase=True, slot="b", part_size=160_000)
TRAITS: dict[str, Any] = {"slots": 2, "boot_s": 0.0, "partitions": {"boot": MIB, "system": MIB}}
BLINK = 0.1


class Ending(NamedTuple):
    """How a job ended: with which code, or None; and what was found on the device."""

    code: Code | None
    run: Run
    is_right: bool
    commands: set[str]


class Bench(NamedTuple):
    """One device for many jobs: it forgets what happened to it."""

    device: EmulatedDevice
    address: AnyAddress
    come_back: Callable[[], object]

    def flash(self, limits: Limits, *faults: str) -> Ending:
        state = self.device.device
        state.mishaps = Mishaps(())
        self.come_back()
        state.mishaps = Mishaps(tuple(parse_mischief(fault) for fault in faults))
        state.commands.clear()
        state.slots.activate("a")
        file = self.device.partition_file("system_b")
        file.unlink(missing_ok=True)
        run = Run(("system",))
        # A restart is waited for: it is made where it is what goes wrong.
        recipe = replace(RECIPE, reboot=any("reboot" in fault for fault in faults) or not faults)
        code = None
        try:
            write(lambda tell: FastbootTarget.open(self.address, tell, limits), recipe, run)
        except FaultError as error:
            code = error.fault.code
        is_right = file.exists() and file.read_bytes()[: len(CONTENT)] == CONTENT
        words = {command.split(":")[0] for command in state.commands}
        return Ending(code, run, is_right, words - {"getvar", "download"})


@contextmanager
def bench(directory: Path, transport: Transport) -> Iterator[Bench]:
    if transport == "usb":
        with fake_usb(directory) as bus:
            plugged = bus.plug("1-1", **TRAITS)

            def plug_again() -> None:
                plugged.close()  # what it may still be leaving for
                bus.unplug("1-1")
                bus.plug("1-1", again=True)

            yield Bench(plugged.emulated, bus.at("1-1"), plug_again)
        return
    free = ("127.0.0.1", 0)
    profile = replace(Profile(serial="FAULTY"), **TRAITS)
    where: dict[str, Any] = {transport: free}
    with EmulatedDevice(profile, directory, **where) as device:
        host, port = device.tcp_address if transport == "tcp" else device.udp_address
        address = Address(transport, host, port)
        yield Bench(device, address, lambda: wait_for(address))


def wait_for(address: Address) -> None:
    """Wait until a device has restarted."""
    deadline = monotonic() + 10
    while True:
        try:
            probe(address, Limits(resend=0.02))
        except FaultError:
            assert monotonic() < deadline, "the device did not come back"
            continue
        return


def limits_for(transport: Transport, command: str, nth: int, kind: str) -> Limits:
    """Short where something will be waited for in vain, and nowhere else."""
    if (transport, command, nth) == ("usb", "getvar", 1):
        return replace(DEFAULT_LIMITS, handshake=0.5)  # does it listen? it is asked again
    names: tuple[str, ...] = ()
    if kind == "silence" or (transport, kind) == ("udp", "cut"):
        waits = {"getvar": ("getvar",), "download": ("stall", "download")}
        names = waits.get(command, (command if command != "set_active" else "reboot",))
    short: dict[str, Any] = dict.fromkeys(names, BLINK)
    return replace(DEFAULT_LIMITS, resend=0.05, **short)


def check(ending: Ending, right: set[Code | None]) -> None:
    code, run, is_right, commands = ending
    assert code in right
    assert is_right or code is not None, "it said completed and is not"
    assert is_right or run.verification is Verification.NONE
    assert is_right or "system_b written" not in run.device_state
    assert run.device_state != "untouched" or not commands
    assert (run.where.phase is Phase.FINISHING) or code is not None
    if code is None:
        assert run.content == SOURCE.content_size
        assert run.steps[0].status is Status.COMPLETED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("transport", ["tcp", "udp", "usb"])
def test_no_fault_at_any_command_ends_as_a_lie(
    tmp_path: Path, transport: Transport, kind: str
) -> None:
    with bench(tmp_path, transport) as it:
        assert it.flash(DEFAULT_LIMITS).code is None
        told = Counter(command.split(":")[0] for command in it.device.device.commands)
        for command, count in told.items():
            for nth in range(1, count + 1):
                limits = limits_for(transport, command, nth, kind)
                ending = it.flash(limits, f"{command}:{nth}={kind}{'@70000' * (kind == 'cut')}")
                try:
                    check(ending, right_codes(transport, command, nth, kind))
                except AssertionError as error:
                    error.add_note(
                        f"{command}:{nth}={kind} over {transport}: {ending.code}, "
                        f"{ending.run.device_state}"
                    )
                    raise
        assert it.flash(DEFAULT_LIMITS).code is None, "it does not recover"
