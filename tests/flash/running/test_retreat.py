"""The way back: taken once where something is to be taken back, and told as it went."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.faults import Code, FaultError, fault
from flashyard.contract.phases import Phase
from flashyard.contract.rollback import Outcome
from flashyard.flash.emulator import Profile
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.images.generated import Generated
from flashyard.flash.running.contact import Opener, Patience
from flashyard.flash.running.mark import Mark
from flashyard.flash.running.recipe import Recipe, Step, WayBack
from flashyard.flash.running.retreat import go_back, is_due
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from support.emulated import HASTY, MIB, SERIAL, Emulated, emulated, run_of
from support.faults import refused
from support.mark_shelf import MarkShelf

FIVE = ("boot", "dtbo", "vendor", "system", "vbmeta")
SIZES = dict.fromkeys(FIVE, MIB)
SIZE = 50_000
PLAIN = Profile(serial=SERIAL, boot_s=0.05, partitions=SIZES)
AB = replace(PLAIN, slots=2)
SOON = Patience(boot=1.0, find=1.0)


def of(seed: str) -> tuple[Step, ...]:
    return tuple(Step(name, Generated(f"{seed} {name}", SIZE)) for name in FIVE)


OLD, NEW = of("old"), of("new")
SLOT = Recipe(steps=NEW, slot="inactive", booted=True, hash_checked=True, way_back=WayBack("slot"))
BEFORE = Recipe(steps=OLD, reboot=False)
LAST_GOOD = Recipe(steps=NEW, hash_checked=True, way_back=WayBack("last-good", OLD))


def bytes_of(step: Step) -> bytes:
    return b"".join(bytes(b) for part in step.source.parts(MIB) for b, _ in part.buffers())


def flown(opener: Opener, recipe: Recipe, run: Run) -> None:
    """Carry it out as a hub does: where it fails it goes back, if there is anything to."""
    assert recipe.way_back is not None
    try:
        write(opener, recipe, run, patience=SOON)
    except FaultError as broken:
        if is_due(recipe.way_back.kind, run.mark, broken.fault):
            go_back(opener, recipe, run, patience=SOON)
        raise


def go(device: Emulated, recipe: Recipe, code: Code, run: Run | None = None) -> Run:
    run = run or run_of(recipe)
    with refused(code):
        flown(lambda tell: device.connect(tell, HASTY), recipe, run)
    return run


def holds(device: Emulated, steps: tuple[Step, ...], suffix: str = "") -> list[bool]:
    """Does each partition have these bytes?"""
    found = []
    for step in steps:
        content = b""
        with suppress(FileNotFoundError):
            content = device.content(step.partition + suffix)[:SIZE]
        found.append(content == bytes_of(step))
    return found


def phases(run: Run) -> list[Phase]:
    return [where.phase for where in run.turns(0)]


# To the slot that was active


def test_what_fails_before_its_slot_is_active_leaves_the_old_one_active(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", AB, "flash:3=fail") as device:
        run = go(device, SLOT, Code.DEVICE_REFUSED)
        assert (device.device.device.slots.current, device.commands.count("reboot")) == ("a", 0)
    assert run.rollback == "not_needed"
    assert Phase.ROLLING_BACK not in phases(run)
    assert run.device_state == "boot_b written, dtbo_b written, vendor_b may be partly written"


@pytest.mark.parametrize("how", ["stay", "fail", "hang"])
def test_a_slot_that_never_starts_is_left_for_the_one_that_does(tmp_path: Path, how: str) -> None:
    with emulated(tmp_path, "tcp", AB, f"boot-b={how}") as device:
        run = go(device, SLOT, Code.NOT_BOOTED)
        slots = device.device.device.slots
        assert (slots.current, slots["a"].successful) == ("a", True)
        assert device.commands[-4:] == ["set_active:b", "reboot", "set_active:a", "reboot"]
        assert holds(device, NEW, "_b") == [True] * 5
    assert run.rollback == "rolled_back"
    assert run.device_state.endswith("vbmeta_b written, device started, slot a active again")
    assert run.where.phase is Phase.ROLLING_BACK
    assert run.where.stage == "Rolling back: waiting for the device to start"


@pytest.mark.parametrize(
    ("fault", "code", "outcome", "slot"),
    [
        ("boot-b=silence", Code.NOT_BOOTED, "not_possible", "b"),
        ("set_active=die", Code.USB_UNPLUGGED, "not_possible", "a"),
        ("set_active:1=silence", Code.DEVICE_SILENT, "rolled_back", "a"),
        ("set_active:1=fail", Code.DEVICE_REFUSED, "not_needed", "a"),
        ("reboot:1=fail", Code.DEVICE_REFUSED, "rolled_back", "a"),
        ("reboot=silence", Code.DEVICE_SILENT, "failed", "a"),
        ("boot=stay", Code.NOT_BOOTED, "failed", "a"),
    ],
)
def test_what_came_of_the_way_back_is_told_as_it_is(
    tmp_path: Path, fault: str, code: Code, outcome: Outcome, slot: str
) -> None:
    with emulated(tmp_path, "tcp", AB, fault) as device:
        run = run_of(SLOT)
        with refused(code if code is not Code.USB_UNPLUGGED else Code.LINK_LOST):
            flown(lambda tell: device.connect(tell, HASTY), SLOT, run)
        slots = device.device.device.slots
        assert slots.current == slot
        assert run.rollback == outcome
        assert device.device.device.counts["set_active"] <= 2, "it is tried once"
        assert slots["a"].successful is (outcome != "failed")


def test_a_slot_that_stays_active_is_told_to_be(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", AB, "boot-b=stay", "set_active:2=fail") as device:
        run = go(device, SLOT, Code.NOT_BOOTED)
    assert run.rollback == "failed"
    assert run.device_state.endswith("slot b activated, device restarted, not seen to start")


def test_without_a_proof_asked_for_the_old_slot_is_made_active_and_restarted(
    tmp_path: Path,
) -> None:
    with emulated(tmp_path, "udp", AB, "reboot:1=silence") as device:
        run = go(device, replace(SLOT, booted=False), Code.DEVICE_SILENT)
        assert device.device.device.slots.current == "a"
    assert run.rollback == "rolled_back"
    assert run.device_state.endswith("device restarted, slot a active again")


@pytest.mark.parametrize(
    ("profile", "changes"),
    [
        (AB, {"slot": "a"}),
        (AB, {"slot": "active"}),
        (PLAIN, {"slot": "active"}),
        (replace(AB, partitions={**SIZES, "userdata": MIB}), {"more": "userdata"}),
    ],
    ids=["named", "active", "no slots", "shared"],
)
def test_what_could_not_be_taken_back_is_not_begun(
    tmp_path: Path, profile: Profile, changes: dict[str, Any]
) -> None:
    recipe = SLOT
    if more := changes.pop("more", None):
        recipe = replace(recipe, steps=(*NEW, Step(more, Generated("x", SIZE))))
    with emulated(tmp_path, "tcp", profile) as device:
        run = go(device, replace(recipe, **changes), Code.ROLLBACK_IMPOSSIBLE)
        assert device.commands == []
    assert (run.rollback, run.device_state) == ("not_needed", "untouched")


def test_a_process_that_died_while_the_device_started_is_made_up_for_by_the_next(
    tmp_path: Path,
) -> None:
    with emulated(tmp_path, "tcp", AB, "boot-b=stay") as device:
        with device.connect(print) as target:
            target.set_active("b")
            target.reboot()
        mark = Mark(
            phase=Phase.FINISHING,
            bytes=(SIZE,) * 5,
            done=5,
            met=True,
            serial=SERIAL,
            slot="a",
            left={"boot_b": "written", "slot b": "activated", "device": "restarted"},
        )
        run = Run(FIVE, since=mark)
        assert is_due("slot", mark, fault(Code.INTERRUPTED))
        go_back(lambda tell: device.connect(tell, HASTY), SLOT, run, patience=SOON)
        slots = device.device.device.slots
        assert (slots.current, slots["a"].successful) == ("a", True)
    assert run.rollback == "rolled_back"
    assert run.device_state == "boot_b written, device started, slot a active again"


# To what was good before


def test_what_was_touched_is_written_over_and_nothing_else_is(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", PLAIN, "flash:8=fail") as device:
        device.flash(BEFORE)
        run = go(device, LAST_GOOD, Code.DEVICE_REFUSED)
        assert holds(device, OLD) == [True] * 5
        flashed = [word for word in device.commands if word.startswith("flash:")][5:]
        first = ["flash:boot", "flash:dtbo", "flash:vendor"]
        assert flashed == first * 2
        assert device.commands[-1] == "reboot"
    assert run.rollback == "rolled_back"
    assert run.device_state == (
        "boot written back, dtbo written back, vendor written back, device restarted"
    )
    stages = [where.stage for where in run.turns(0) if where.phase is Phase.ROLLING_BACK]
    assert "Rolling back: flashing vendor partition" in stages
    assert run.content == 3 * SIZE


@pytest.mark.parametrize("how", ["stay", "fail"])
def test_a_system_that_does_not_start_is_written_over_by_one_that_does(
    tmp_path: Path, how: str
) -> None:
    """Where it was, also if the device starts from its other slot by then."""
    recipe = replace(LAST_GOOD, booted=True)
    with emulated(tmp_path, "tcp", AB, f"boot:1={how}") as device:
        device.flash(BEFORE)
        run = go(device, recipe, Code.NOT_BOOTED)
        assert holds(device, OLD, "_a") == [True] * 5
        assert device.device.device.slots["a"].successful
    assert run.rollback == "rolled_back"
    assert run.device_state.endswith("vbmeta_a written back, slot a activated, device started")


@pytest.mark.parametrize(
    ("faults", "code", "outcome", "state"),
    [
        (
            ["flash:8=die"],
            Code.LINK_LOST,
            "not_possible",
            "boot written, dtbo written, vendor may be partly written",
        ),
        (
            ["flash:8=fail", "flash:10=fail"],
            Code.DEVICE_REFUSED,
            "failed",
            "boot written back, dtbo may be partly written back, vendor may be partly written",
        ),
        (["download:6=fail"], Code.DEVICE_REFUSED, "rolled_back", None),
        (
            ["reboot:1=fail"],
            Code.DEVICE_REFUSED,
            "rolled_back",
            ", ".join(f"{name} written back" for name in FIVE) + ", device restarted",
        ),
    ],
    ids=["dies", "fails again", "first", "restart"],
)
def test_what_came_of_writing_back_is_told_as_it_is(
    tmp_path: Path, faults: list[str], code: Code, outcome: Outcome, state: str | None
) -> None:
    with emulated(tmp_path, "tcp", PLAIN, *faults) as device:
        device.flash(BEFORE)
        run = go(device, LAST_GOOD, code)
    if state is None:
        assert (run.rollback, run.device_state) == ("not_needed", "untouched")
    else:
        assert (run.rollback, run.device_state) == (outcome, state)


def test_one_that_is_cancelled_half_way_is_as_it_was_and_ends_cancelled(tmp_path: Path) -> None:
    run = run_of(LAST_GOOD)

    class Watched(FastbootTarget):
        def commit(self, place: Any, part: Any) -> None:
            super().commit(place, part)
            if place.name == "dtbo" and run.rollback == "not_needed":
                assert run.cancel()
            elif run.rollback != "not_needed":
                assert not run.cancel()
                assert not run.pause()

    with emulated(tmp_path, "tcp", PLAIN) as device:
        device.flash(BEFORE)
        with refused(Code.CANCELLED):
            flown(lambda tell: Watched.open(device.address, tell, HASTY), LAST_GOOD, run)
        assert holds(device, OLD) == [True] * 5
        assert "flash:vendor" not in device.commands[-6:]
    assert run.rollback == "rolled_back"


def test_what_lives_in_super_is_written_back_in_fastbootd(tmp_path: Path) -> None:
    profile = Profile(
        serial=SERIAL,
        boot_s=0.05,
        partitions={"boot": MIB},
        logical={"system": MIB, "vendor": MIB},
        super_size=4 * MIB,
    )
    names = ("boot", "system", "vendor")
    old = tuple(step for step in OLD if step.partition in names)
    new = tuple(step for step in NEW if step.partition in names)
    with emulated(tmp_path, "tcp", profile, "flash:6=fail") as device:
        device.flash(replace(BEFORE, steps=old))
        recipe = replace(LAST_GOOD, steps=new, way_back=WayBack("last-good", old))
        run = go(device, recipe, Code.DEVICE_REFUSED)
        assert holds(device, old) == [True] * 3
    assert run.rollback == "rolled_back"


def test_an_image_that_does_not_fit_any_more_is_found_out_before_anything_is_written(
    tmp_path: Path,
) -> None:
    large = (*OLD[:4], Step("vbmeta", Generated("large", 2 * MIB)))
    recipe = replace(LAST_GOOD, way_back=WayBack("last-good", large))
    with emulated(tmp_path, "tcp", PLAIN) as device:
        go(device, recipe, Code.ROLLBACK_IMPOSSIBLE)
        assert device.commands == []


def test_a_run_that_was_taken_up_takes_back_what_the_one_before_it_wrote(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", PLAIN, "flash:8=silence", "flash:9=fail") as device:
        device.flash(BEFORE)
        shelf = MarkShelf(-1)
        with refused(Code.DEVICE_SILENT):
            device.flash(replace(LAST_GOOD, way_back=None), HASTY, Run(FIVE, keep=shelf.keep))
        since = next(mark for mark in reversed(shelf.kept) if mark.can_be_taken_up)
        run = go(
            device, replace(LAST_GOOD, since=since), Code.DEVICE_REFUSED, Run(FIVE, since=since)
        )
        assert holds(device, OLD) == [True] * 5
        assert device.commands.count("flash:boot") == 3
    assert run.rollback == "rolled_back"


def test_another_device_in_its_place_is_left_alone(tmp_path: Path) -> None:
    left = {"boot": "written"}
    since = Mark(bytes=(SIZE, 0, 0, 0, 0), done=1, met=True, serial=SERIAL, left=left)
    with emulated(tmp_path, "tcp", replace(PLAIN, serial="ANOTHER_1")) as device:
        run = Run(FIVE, since=since)
        go(device, replace(LAST_GOOD, since=since), Code.DEVICE_MISMATCH, run)
        assert device.commands == []
    assert (run.rollback, run.device_state) == ("not_possible", "boot written")
