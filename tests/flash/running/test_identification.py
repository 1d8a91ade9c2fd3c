"""What cannot work, or should not be, is refused with its own code, the device untouched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase
from flashyard.contract.plans import Requirement
from flashyard.flash.emulator import Profile
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.images.generated import Generated
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.writer import write
from flashyard.flash.target import Description, Tell
from support.emulated import MIB, SERIAL, emulated, run_of
from support.faults import refused

SMALL = Generated("seed", 10_000)
AB = Profile(
    serial=SERIAL,
    slots=2,
    partitions=dict.fromkeys(("boot", "system", "modem", "userdata", "persist", "abl"), MIB),
)
PLAIN = replace(AB, slots=0)
WHOLE = Step("boot", SMALL), Step("system", SMALL)
RAVEN = Requirement(variable="product", values=("raven",))


def recipe(*partitions: str, **how: Any) -> Recipe:
    return Recipe(steps=tuple(Step(name, SMALL) for name in partitions), **how)


REFUSALS = [
    (AB, recipe("boot", slot="inactive"), Code.INCOMPLETE_SLOT, "system"),
    (PLAIN, recipe("boot", slot="inactive"), Code.INVALID_REQUEST, None),
    (PLAIN, Recipe(steps=(Step("boot", SMALL, other_slot=True),)), Code.INVALID_REQUEST, None),
    (
        AB,
        Recipe(steps=(WHOLE[0], Step("system", SMALL, other_slot=True)), slot="inactive"),
        Code.INCOMPLETE_SLOT,
        "system",
    ),
    (AB, recipe("boot", "persist"), Code.PARTITION_DENIED, "persist"),
    (AB, recipe("abl"), Code.PARTITION_DENIED, "abl"),
    (AB, recipe("boot", denied=("boot*",)), Code.PARTITION_DENIED, "boot"),
    (AB, recipe("boot", wipe=True, denied=("userdata",)), Code.PARTITION_DENIED, "userdata"),
    (
        AB,
        recipe("boot", requirements=(RAVEN,)),
        Code.DEVICE_MISMATCH,
        "product: wanted raven, found flashyard",
    ),
    (AB, recipe("boot", booted=True, reboot=False), Code.INVALID_REQUEST, None),
    (AB, recipe("boot", "system", "boot_a"), Code.INVALID_REQUEST, "boot_a"),
    (
        AB,
        Recipe(steps=(Step("boot", SMALL, other_slot=True), Step("boot_b", SMALL))),
        Code.INVALID_REQUEST,
        "boot_b",
    ),
    (replace(AB, locked=True), recipe("boot"), Code.DEVICE_LOCKED, None),
    (replace(AB, battery_mv=3000), recipe("boot"), Code.BATTERY_LOW, "3000 mV"),
]


@pytest.mark.parametrize(("profile", "asked", "code", "details"), REFUSALS)
def test_nothing_is_erased_and_nothing_restarted(
    tmp_path: Path, profile: Profile, asked: Recipe, code: Code, details: str | None
) -> None:
    asked = replace(asked, erase=True)
    run = run_of(asked)
    with emulated(tmp_path, "tcp", profile) as device:
        with refused(code) as refusal:
            device.flash(asked, run=run)
        assert device.commands == []
    assert refusal.fault.details == details
    assert refusal.fault.hint
    assert (run.device_state, run.where.phase) == ("untouched", Phase.IDENTIFYING)


@pytest.mark.parametrize("partition", ["persist", "abl"])
def test_what_is_denied_can_be_allowed_for_one_job(tmp_path: Path, partition: str) -> None:
    with emulated(tmp_path, "tcp", AB) as device:
        device.flash(recipe(partition, allow_dangerous=True))
        assert any(word.startswith(f"flash:{partition}") for word in device.commands)


@pytest.mark.parametrize("name", ["unlocked-critical", "unlocked_critical"])
def test_a_lock_of_the_boot_chain_alone_is_heeded_where_that_is_written(
    tmp_path: Path, name: str
) -> None:
    class Critical(FastbootTarget):
        def ask(self, variable: str) -> str | None:
            return "no" if variable == name else super().ask(variable)

    def flash(asked: Recipe) -> None:
        write(lambda tell: Critical.open(device.address, tell), asked, run_of(asked))

    with emulated(tmp_path, "tcp", AB) as device:
        flash(recipe("boot", reboot=False))
        device.device.device.commands.clear()
        with refused(Code.DEVICE_LOCKED) as refusal:
            flash(recipe("boot", "abl", allow_dangerous=True))
        assert device.commands == []
    assert "unlock_critical" in (refusal.fault.hint or "")


def test_the_inactive_slot_is_written_whole_and_then_activated(tmp_path: Path) -> None:
    asked = Recipe(steps=WHOLE, slot="inactive")
    with emulated(tmp_path, "tcp", AB) as device:
        run = device.flash(replace(asked, reboot=False))
        told = [word for word in device.commands if not word.startswith("download")]
        assert told == ["flash:boot_b", "flash:system_b", "set_active:b"]
        device.flash(asked)
        assert device.commands[-2:] == ["set_active:a", "reboot"], "the one inactive by now"
    assert run.device_state == "boot_b written, system_b written, slot b activated"


@pytest.mark.parametrize(
    ("slot", "written", "activated"),
    [("active", "b", None), ("inactive", "a", "set_active:b"), ("b", "a", "set_active:b")],
)
def test_a_step_for_the_other_slot_goes_there_and_that_is_never_activated(
    tmp_path: Path, slot: Any, written: str, activated: str | None
) -> None:
    asked = Recipe(steps=(*WHOLE, Step("modem", SMALL, other_slot=True)), slot=slot)
    with emulated(tmp_path, "tcp", AB) as device:
        device.flash(asked)
        assert f"flash:modem_{written}" in device.commands
        activations = [word for word in device.commands if word.startswith("set_active")]
        assert activations == ([activated] if activated else [])


def test_a_device_that_hides_its_active_slot_has_no_inactive_one(tmp_path: Path) -> None:
    class Hiding(FastbootTarget):
        def describe(self) -> Description:
            return replace(super().describe(), current_slot=None)

    asked = Recipe(steps=WHOLE, slot="inactive")

    def connect(tell: Tell) -> Hiding:
        return Hiding.open(device.address, tell)

    with emulated(tmp_path, "tcp", AB) as device, refused(Code.INVALID_REQUEST) as refusal:
        write(connect, asked, run_of(asked))
    assert "which of its slots" in refusal.fault.sentence
