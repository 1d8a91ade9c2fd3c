from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Literal

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase, Status, Verification
from flashyard.flash.emulator import Profile
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.images.generated import Generated
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from flashyard.flash.source import Part
from flashyard.flash.target import Capability, Description, Place, Taken, Tell
from support.emulated import HASTY, MIB, SERIAL, Emulated, emulated, run_of
from support.faults import refused

SMALL = Generated("seed", 3 * MIB)
AB = Profile(serial=SERIAL, slots=2)
TWO_PARTS = Recipe(steps=(Step("system", SMALL),), part_size=2 * MIB)
BOTH = pytest.mark.parametrize("transport", ["tcp", "udp"])
Transport = Literal["tcp", "udp"]


def content_of(source: Generated) -> bytes:
    return b"".join(bytes(view) for view in source.views(0, source.size))


@BOTH
def test_what_is_flashed_is_what_the_source_holds(tmp_path: Path, transport: Transport) -> None:
    with emulated(tmp_path, transport) as device:
        run = device.flash(TWO_PARTS)
        assert device.content("system") == content_of(SMALL)
        parts = list(SMALL.parts(1 << 30, part_size=2 * MIB))
        assert device.commands == [
            f"download:{parts[0].size:08x}",
            "flash:system",
            f"download:{parts[1].size:08x}",
            "flash:system",
            "reboot",
        ]
    assert run.content == run.steps[0].bytes == SMALL.content_size
    assert run.wire == sum(part.size for part in parts)
    assert run.where.phase is Phase.FINISHING
    assert run.steps[0].status is Status.COMPLETED
    assert run.description is not None
    assert run.description.serial == SERIAL


def test_the_device_s_own_lines_are_in_the_log(tmp_path: Path) -> None:
    with emulated(tmp_path) as device:
        run = device.flash(TWO_PARTS)
    lines = [line.text for line in run.lines.since(0)[0]]
    assert any(line.startswith("writing system") for line in lines), lines
    assert not any("partition-size" in line for line in lines), "answers are no news"


def test_several_partitions_are_one_run(tmp_path: Path) -> None:
    boot, system = Generated("boot", 10_000), Generated("system", MIB)
    recipe = Recipe(steps=(Step("boot", boot), Step("system", system)), erase=True)
    with emulated(tmp_path) as device:
        run = device.flash(recipe)
        assert device.content("boot")[:10_000] == content_of(boot)
        assert device.content("system") == content_of(system)
        assert [word.partition(":")[0] for word in device.commands] == [
            *("erase", "download", "flash"),
            *("erase", "download", "flash"),
            "reboot",
        ]
    assert run.content == 10_000 + MIB
    assert [step.bytes for step in run.steps] == [10_000, MIB]


def test_nothing_is_erased_unless_asked_and_nothing_restarted_if_asked_not_to(
    tmp_path: Path,
) -> None:
    with emulated(tmp_path) as device:
        run = device.flash(replace(TWO_PARTS, reboot=False))
        told = {command.partition(":")[0] for command in device.commands}
        assert told == {"download", "flash"}
    assert run.device_state == "system written"


def test_the_restart_is_left_to_a_run_that_follows(tmp_path: Path) -> None:
    run = run_of(TWO_PARTS)
    run.is_followed = True
    with emulated(tmp_path) as device:
        device.flash(TWO_PARTS, run=run)
        assert "reboot" not in device.commands
    assert run.device_state == "system written, device not restarted"


def test_a_slot_asked_for_by_name_is_written_and_made_the_active_one(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", AB) as device:
        run = device.flash(replace(TWO_PARTS, slot="b"))
        assert device.commands[-3:] == ["flash:system_b", "set_active:b", "reboot"]
        assert device.content("system_b") == content_of(SMALL)
    assert run.device_state == "system_b written, slot b activated, device restarted"


def test_the_active_slot_is_written_where_none_is_asked_for(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", AB) as device:
        device.flash(TWO_PARTS)
        assert device.commands[-2:] == ["flash:system_a", "reboot"]


def test_a_logical_partition_grows_to_hold_the_image(tmp_path: Path) -> None:
    with emulated(tmp_path) as device:
        device.device.device.partitions.create("odm", 4096)
        device.flash(Recipe(steps=(Step("odm", SMALL),)))
        assert device.commands[0] == f"resize-logical-partition:odm:{SMALL.size}"
        assert device.content("odm") == content_of(SMALL)


@pytest.mark.parametrize(
    ("how", "level"),
    [
        ({"hash_checked": True}, Verification.TRANSPORT),
        ({"generated": True}, Verification.TRANSPORT),
        ({}, Verification.NONE),
    ],
)
def test_no_level_of_verification_is_claimed_without_the_one_below(
    tmp_path: Path, how: dict[str, bool], level: Verification
) -> None:
    recipe = replace(TWO_PARTS, **how)  # type: ignore[arg-type]  # the fields vary
    with emulated(tmp_path) as device:
        assert device.flash(recipe).verification is level


@pytest.mark.parametrize(
    ("how", "level"),
    [({"hash_checked": True}, Verification.IMAGE), ({"generated": True}, Verification.NONE)],
)
def test_a_run_that_fails_claims_no_more_than_its_image(
    tmp_path: Path, how: dict[str, bool], level: Verification
) -> None:
    recipe = replace(TWO_PARTS, **how)  # type: ignore[arg-type]  # the fields vary
    run = run_of(recipe)
    with emulated(tmp_path, "tcp", None, "flash:2=fail") as device, refused(Code.DEVICE_REFUSED):
        device.flash(recipe, run=run)
    assert run.verification is level


TOO_LARGE = Recipe(steps=(Step("boot", Generated("s", 4096)), Step("dtbo", Generated("s", 4097))))


@pytest.mark.parametrize(
    ("profile", "recipe", "code"),
    [
        ({}, Recipe(steps=(Step("boot", SMALL), Step("modem", SMALL))), Code.UNKNOWN_PARTITION),
        ({"partitions": {"boot": 4096, "dtbo": 4096}}, TOO_LARGE, Code.IMAGE_TOO_LARGE),
        ({"locked": True}, TWO_PARTS, Code.DEVICE_LOCKED),
        ({"battery_mv": 3100}, TWO_PARTS, Code.BATTERY_LOW),
        ({}, replace(TWO_PARTS, serial="ANOTHER"), Code.DEVICE_MISMATCH),
        ({}, replace(TWO_PARTS, slot="b"), Code.INVALID_REQUEST),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_changed(
    tmp_path: Path, profile: dict[str, object], recipe: Recipe, code: Code
) -> None:
    recipe = replace(recipe, erase=True)
    run = run_of(recipe)
    with emulated(tmp_path, "tcp", replace(Profile(serial=SERIAL), **profile)) as device:  # type: ignore[arg-type]  # the fields vary
        with refused(code):
            device.flash(recipe, run=run)
        assert device.commands == []
    assert run.device_state == "untouched"
    assert run.where.phase is Phase.IDENTIFYING


@pytest.mark.parametrize(
    ("able", "recipe"),
    [
        ({Capability.REBOOT}, replace(TWO_PARTS, erase=True)),
        ({Capability.ERASE}, TWO_PARTS),
        ({Capability.ERASE, Capability.REBOOT}, replace(TWO_PARTS, slot="a")),
        ({Capability.REBOOT}, replace(TWO_PARTS, read_back=True)),
    ],
)
def test_what_this_kind_of_device_cannot_do_is_not_begun(
    tmp_path: Path, able: set[Capability], recipe: Recipe
) -> None:
    class Unable(FastbootTarget):
        @property
        def capabilities(self) -> frozenset[Capability]:
            return frozenset(able)

    with emulated(tmp_path, "tcp", AB) as device:
        with refused(Code.NOT_SUPPORTED):
            write(lambda tell: Unable.open(device.address, tell), recipe, run_of(recipe))
        assert device.commands == []


UNCONFIRMED = "system written, device restart not confirmed"
FAULTS = [
    ("erase=fail", Code.DEVICE_REFUSED, "injected fault", "system may be erased"),
    ("erase=silence", Code.DEVICE_SILENT, None, "system may be erased"),
    ("download=fail", Code.DEVICE_REFUSED, "injected fault", "system erased"),
    ("download=silence", Code.DEVICE_SILENT, None, "system erased"),
    ("download=short", Code.PROTOCOL_ERROR, "OK", "system erased"),
    ("download=garble", Code.PROTOCOL_ERROR, "\0\\xffWHAT?", "system erased"),
    ("flash=fail", Code.DEVICE_REFUSED, "injected fault", "system may be partly written"),
    ("flash=silence", Code.DEVICE_SILENT, None, "system may be partly written"),
    ("flash=short", Code.PROTOCOL_ERROR, "OK", "system may be partly written"),
    ("flash=garble", Code.PROTOCOL_ERROR, "\0\\xffWHAT?", "system may be partly written"),
    ("flash:2=fail", Code.DEVICE_REFUSED, "injected fault", "system partly written"),
    ("download:2=fail", Code.DEVICE_REFUSED, "injected fault", "system partly written"),
    (
        "reboot=fail",
        Code.DEVICE_REFUSED,
        "injected fault",
        UNCONFIRMED,
    ),
    ("reboot=silence", Code.DEVICE_SILENT, None, UNCONFIRMED),
]


@BOTH
@pytest.mark.parametrize("case", FAULTS, ids=itemgetter(0))
def test_a_fault_is_told_in_the_device_s_words_with_what_it_leaves_behind(
    tmp_path: Path, transport: Transport, case: tuple[str, Code, str | None, str]
) -> None:
    fault, code, words, state = case
    recipe = replace(TWO_PARTS, erase=True)
    run = run_of(recipe)
    with emulated(tmp_path, transport, None, fault) as device, refused(code) as refusal:
        device.flash(recipe, HASTY, run)
    assert refusal.fault.details == words
    assert run.device_state == state


@pytest.mark.parametrize("command", ["download=cut@100000", "flash=cut@0", "reboot=cut@0"])
def test_a_link_that_is_cut_is_told_as_lost(tmp_path: Path, command: str) -> None:
    with emulated(tmp_path, "tcp", None, command) as device, refused(Code.LINK_LOST) as refusal:
        device.flash(TWO_PARTS, HASTY)
    assert str(device.address) in refusal.fault.sentence


def test_a_fault_while_the_slot_is_activated_says_so(tmp_path: Path) -> None:
    recipe = replace(TWO_PARTS, slot="b")
    run = run_of(recipe)
    with emulated(tmp_path, "tcp", AB, "set_active=fail") as device, refused(Code.DEVICE_REFUSED):
        device.flash(recipe, run=run)
    assert run.device_state == "system_b written, slot b not activated, device not restarted"
    assert run.where.phase is Phase.ACTIVATING


class Watched(FastbootTarget):
    """Lets a test step in after a command has been done."""

    after: Callable[[str], None]

    def describe(self) -> Description:
        found = super().describe()
        self.after("describe")
        return found

    def send(self, part: Part) -> Iterator[Taken]:
        for taken in super().send(part):
            self.after("take")
            yield taken
        self.after("send")

    def commit(self, place: Place, part: Part) -> None:
        super().commit(place, part)
        self.after("commit")

    def erase(self, place: Place) -> None:
        super().erase(place)
        self.after("erase")

    def reboot(self) -> None:
        self.after("reboot")
        super().reboot()


def flash_and_cancel(
    device: Emulated, after: str, nth: int = 1, made: type[Watched] = Watched
) -> Run:
    """Flash in two parts with an erase, and ask to cancel after the nth time of something."""
    recipe = replace(TWO_PARTS, erase=True)
    run, seen = run_of(recipe), []

    def step_in(what: str) -> None:
        seen.append(what)
        if what == after and seen.count(after) == nth:
            assert run.cancel()

    def connect(tell: Tell) -> FastbootTarget:
        target = made.open(device.address, tell)
        target.after = step_in
        return target

    with refused(Code.CANCELLED):
        write(connect, recipe, run)
    return run


@pytest.mark.parametrize(
    ("after", "nth", "state", "told"),
    [
        ("describe", 1, "untouched", ""),
        ("erase", 1, "system erased", "erase"),
        ("take", 1, "system erased", "erase download"),
        ("send", 1, "system erased", "erase download"),
        ("commit", 1, "system partly written", "erase download flash"),
        ("send", 2, "system partly written", "erase download flash download"),
    ],
)
def test_a_cancel_is_heeded_at_the_next_safe_point(
    tmp_path: Path, after: str, nth: int, state: str, told: str
) -> None:
    with emulated(tmp_path) as device:
        run = flash_and_cancel(device, after, nth)
        assert [command.partition(":")[0] for command in device.commands] == told.split()
        assert run.device_state == state
        assert run.steps[0].status is Status.CANCELLED
        device.flash(TWO_PARTS)
        assert device.content("system") == content_of(SMALL), "the device is as usable as before"


def test_a_download_is_sent_to_its_end_where_it_cannot_be_broken_off(tmp_path: Path) -> None:
    class Lasting(Watched):
        @property
        def capabilities(self) -> frozenset[Capability]:
            return super().capabilities - {Capability.BREAK_OFF}

    with emulated(tmp_path) as device:
        run = flash_and_cancel(device, "take", made=Lasting)
    first = next(iter(SMALL.parts(1 << 30, part_size=2 * MIB)))
    assert run.wire == first.size
    assert run.device_state == "system erased"


def test_a_cancel_after_the_last_byte_still_spares_the_restart(tmp_path: Path) -> None:
    with emulated(tmp_path) as device:
        run = flash_and_cancel(device, "commit", 2)
        assert "reboot" not in device.commands
        assert device.content("system") == content_of(SMALL)
    assert run.device_state == "system written, device not restarted"
    assert run.steps[0].status is Status.COMPLETED


def test_a_run_cancelled_before_it_begins_never_calls_the_device(tmp_path: Path) -> None:
    run = run_of(TWO_PARTS)
    assert run.cancel()
    with emulated(tmp_path) as device:
        with refused(Code.CANCELLED):
            device.flash(TWO_PARTS, run=run)
        assert not device.device.device.commands
    assert run.device_state == "untouched"


def test_a_cancel_that_comes_too_late_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    run, asked = run_of(TWO_PARTS), []

    def step_in(what: str) -> None:
        if what == "reboot":
            asked.append(run.cancel())

    def connect(tell: Tell) -> FastbootTarget:
        target = Watched.open(device.address, tell)
        target.after = step_in
        return target

    with emulated(tmp_path) as device:
        write(connect, TWO_PARTS, run)
        assert device.commands[-1] == "reboot"
    assert asked == [False]
    assert not run.is_cancelled
