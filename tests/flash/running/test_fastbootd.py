"""Partitions that live in `super` are written where they are known: in fastbootd."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from flashyard.contract.faults import Code, refuse
from flashyard.contract.phases import Phase, Status
from flashyard.flash.emulator import Profile
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.images.generated import Generated
from flashyard.flash.running.contact import Patience
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.writer import write
from flashyard.flash.target import Mode, Place, Tell
from support.emulated import HASTY, MIB, SERIAL, Emulated, emulated, run_of
from support.faults import refused

DYNAMIC = Profile(
    serial=SERIAL,
    slots=2,
    partitions={"boot": 4 * MIB, "userdata": 4 * MIB, "misc": MIB},
    logical={"system": 2 * MIB, "vendor": 4 * MIB},
    super_size=8 * MIB,
    max_download_size=4 * MIB,
    userspace_download=MIB,
    boot_s=0.05,
)
SYSTEM, BOOT = Generated("system", 3 * MIB), Generated("boot", MIB)
BOTH = pytest.mark.parametrize("transport", ["tcp", "udp"])


@contextmanager
def dynamic(tmp_path: Path, *faults: str, **how: Any) -> Iterator[Emulated]:
    transport = how.pop("transport", "tcp")
    with emulated(tmp_path, transport, replace(DYNAMIC, **how), *faults) as device:
        yield device


def recipe(*steps: Step, **how: Any) -> Recipe:
    return Recipe(steps=steps, **how)


def words(device: Emulated) -> list[str]:
    """What it was told, in short: a download goes without saying."""
    return [word for word in device.commands if not word.startswith("download:")]


def content_of(source: Generated) -> bytes:
    return b"".join(bytes(view) for view in source.views(0, source.size))


@BOTH
def test_a_logical_partition_is_written_in_fastbootd(
    tmp_path: Path, transport: Literal["tcp", "udp"]
) -> None:
    with dynamic(tmp_path, transport=transport) as device:
        run = device.flash(recipe(Step("system", SYSTEM)))
        assert device.content("system_a") == content_of(SYSTEM)
        parts = 4  # each of what fastbootd takes at once, not of what the bootloader does
        assert words(device) == [
            "reboot-fastboot",
            f"resize-logical-partition:system_a:{SYSTEM.size}",
            *["flash:system_a"] * parts,
            "reboot",
        ]
    assert run.device_state == "device restarted, system_a written"
    assert run.description is not None
    assert run.description.mode == "fastbootd"


def test_both_slots_of_what_only_fastbootd_knows_are_two_places(tmp_path: Path) -> None:
    with dynamic(tmp_path) as device:
        device.flash(recipe(Step("system", SYSTEM), Step("system", BOOT, other_slot=True)))
        assert device.content("system_a") == content_of(SYSTEM)
        assert device.content("system_b")[: BOOT.size] == content_of(BOOT)


def test_what_fastbootd_knows_is_written_on_the_one_visit(tmp_path: Path) -> None:
    with dynamic(tmp_path) as device:
        device.flash(recipe(Step("boot", BOOT), Step("system", SYSTEM), Step("misc", BOOT)))
        told = [word.partition(":")[0] for word in words(device)]
        assert told.count("reboot-fastboot") == 1
        assert told[0] == "reboot-fastboot"
        assert device.content("boot_a") == content_of(BOOT)


def test_a_device_found_in_fastbootd_stays_there(tmp_path: Path) -> None:
    with dynamic(tmp_path) as device:
        device.flash(recipe(Step("system", SYSTEM), reboot=False))
        device.device.device.commands.clear()
        device.flash(recipe(Step("system", SYSTEM), Step("boot", BOOT), reboot=False))
        assert not any(word.startswith("reboot") for word in words(device))


def test_a_plan_s_restarts_are_obeyed(tmp_path: Path) -> None:
    steps = (
        Step("boot", BOOT),
        Step("misc", BOOT, before="reboot-bootloader"),
        Step("system", SYSTEM, before="reboot-fastboot"),
        Step("vendor", BOOT, before="reboot-fastboot"),
    )
    with dynamic(tmp_path) as device:
        run = device.flash(recipe(*steps))
        assert [word for word in words(device) if not word.startswith("resize")] == [
            "flash:boot_a",
            "reboot-bootloader",
            "flash:misc",
            "reboot-fastboot",
            *["flash:system_a"] * 4,
            "flash:vendor_a",
            "reboot",
        ]
    assert [step.status for step in run.steps] == [Status.COMPLETED] * 4


class Narrow(FastbootTarget):
    """Its fastbootd does not know `misc`, as those of phones do not know `bootloader`."""

    def locate(self, partition: str, slot: str | None) -> Place:
        if partition == "misc" and self.ask("is-userspace") == "yes":
            raise refuse(Code.UNKNOWN_PARTITION)
        return super().locate(partition, slot)


@pytest.mark.parametrize("found_in", ["bootloader", "fastbootd"])
def test_what_fastbootd_does_not_know_is_left_to_the_bootloader(
    tmp_path: Path, found_in: str
) -> None:
    made = recipe(Step("system", SYSTEM), Step("misc", BOOT), Step("vendor", BOOT))
    with dynamic(tmp_path) as device:
        if found_in == "fastbootd":
            device.flash(recipe(Step("system", SYSTEM), reboot=False))
            device.device.device.commands.clear()
        write(lambda tell: Narrow.open(device.address, tell), made, run_of(made))
        told = [word for word in words(device) if not word.startswith("resize")]
        assert told == [
            *(["reboot-bootloader"] if found_in == "fastbootd" else []),
            "reboot-fastboot",
            *["flash:system_a"] * 4,
            "reboot-bootloader",
            "flash:misc",
            "reboot-fastboot",
            "flash:vendor_a",
            "reboot",
        ]


def test_one_logical_partition_gives_up_what_another_needs(tmp_path: Path) -> None:
    larger, smaller = Generated("system", 5 * MIB), Generated("vendor", 2 * MIB)
    with dynamic(tmp_path) as device:
        device.flash(recipe(Step("system", larger), Step("vendor", smaller)))
        assert device.content("system_a") == content_of(larger)
        assert device.content("vendor_a") == content_of(smaller)
        assert words(device)[1:3] == [
            f"resize-logical-partition:vendor_a:{2 * MIB}",
            f"resize-logical-partition:system_a:{5 * MIB}",
        ]


@pytest.mark.parametrize(("wipe", "how", "left"), [(False, "", 4 * MIB), (True, ":wipe", 0)])
def test_a_layout_of_logical_partitions_is_handed_to_fastbootd(
    tmp_path: Path,
    wipe: bool,  # noqa: FBT001 (it is the option's value)
    how: str,
    left: int,
) -> None:
    layout = Generated("layout", 8192)
    steps = Step("super", layout, method="update-super"), Step("system", SYSTEM)
    with dynamic(tmp_path) as device:
        device.flash(recipe(*steps, wipe=wipe, erase=True))
        told = words(device)
        assert told[:2] == ["reboot-fastboot", f"update-super:super{how}"]
        assert device.content("super") == content_of(layout)
        assert device.content("system_a") == content_of(SYSTEM)
        with device.device.device.lock:
            assert device.device.device.partitions.size("vendor_a") == left


@pytest.mark.parametrize(
    ("steps", "code", "told"),
    [
        ([Step("boot", BOOT), Step("nowhere", BOOT)], Code.UNKNOWN_PARTITION, ["reboot-fastboot"]),
        (
            [Step("system", SYSTEM), Step("misc", Generated("m", 2 * MIB))],
            Code.IMAGE_TOO_LARGE,
            [],
        ),
        (
            [Step("boot", BOOT), Step("system", Generated("s", 5 * MIB))],
            Code.IMAGE_TOO_LARGE,
            ["reboot-fastboot"],
        ),
        (
            [Step("super", Generated("s", 2 * MIB), method="update-super")],
            Code.IMAGE_TOO_LARGE,
            ["reboot-fastboot"],
        ),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_written(
    tmp_path: Path, steps: list[Step], code: Code, told: list[str]
) -> None:
    run = run_of(recipe(*steps))
    with dynamic(tmp_path) as device:
        with refused(code):
            device.flash(recipe(*steps, erase=True), run=run)
        assert words(device) == told
    assert run.device_state == ("device in fastbootd" if told else "untouched")
    assert run.where.phase is Phase.IDENTIFYING


def test_an_inactive_slot_is_held_against_what_fastbootd_knows(tmp_path: Path) -> None:
    made = recipe(Step("boot", BOOT), Step("system", SYSTEM), slot="inactive")
    with dynamic(tmp_path) as device, refused(Code.INCOMPLETE_SLOT) as refusal:
        device.flash(made)
    assert refusal.fault.details == "vendor"
    assert words(device) == ["reboot-fastboot"]
    with dynamic(tmp_path, super_size=16 * MIB) as device:
        run = device.flash(replace(made, steps=(*made.steps, Step("vendor", BOOT)), erase=True))
        assert device.content("system_b") == content_of(SYSTEM)
        assert device.content("boot_b") == content_of(BOOT)
        assert words(device)[-2:] == ["set_active:b", "reboot"]
    assert run.device_state.startswith("device ")


def test_a_bootloader_does_not_write_what_it_does_not_know(tmp_path: Path) -> None:
    with dynamic(tmp_path) as device, device.connect(lambda _: None) as target:
        part = next(BOOT.parts(MIB))
        for _ in target.send(part):
            pass
        with refused(Code.DEVICE_REFUSED):
            target.commit(replace(target.locate("boot", None), name="system_a"), part)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("reboot-fastboot=fail", Code.DEVICE_REFUSED),
        ("reboot-fastboot=silence", Code.DEVICE_SILENT),
        ("reboot-fastboot=garble", Code.PROTOCOL_ERROR),
        ("reboot-fastboot=cut@0", Code.LINK_LOST),
        ("resize-logical-partition=fail", Code.DEVICE_REFUSED),
        ("resize-logical-partition=silence", Code.DEVICE_SILENT),
        ("flash:2=fail", Code.DEVICE_REFUSED),
        ("update-super=fail", Code.DEVICE_REFUSED),
        ("update-super=cut@0", Code.LINK_LOST),
    ],
)
def test_whatever_goes_wrong_on_the_way_is_told_with_what_it_leaves(
    tmp_path: Path, fault: str, code: Code
) -> None:
    steps = Step("super", Generated("s", 4096), method="update-super"), Step("system", SYSTEM)
    run = run_of(recipe(*steps))
    limits = replace(HASTY, connect=1.0)
    with dynamic(tmp_path, fault) as device, refused(code):
        device.flash(recipe(*steps), limits, run)
    left = {
        "reboot-fastboot": "device sent into fastbootd",
        "resize-logical-partition": "device in fastbootd, super written, system_a may be resized",
        "flash:2": "device in fastbootd, super written, system_a partly written",
        "update-super": "device in fastbootd, super may be partly written",
    }[fault.partition("=")[0]]
    assert run.device_state == left


def test_a_device_that_does_not_come_back_is_not_waited_for_without_end(tmp_path: Path) -> None:
    made = recipe(Step("system", SYSTEM))
    with dynamic(tmp_path, boot_s=60.0) as device, refused(Code.DEVICE_SILENT) as refusal:
        write(device.connect, made, run_of(made), patience=Patience(mode=0.2))
    assert "fastbootd" in refusal.fault.sentence


@pytest.mark.parametrize("before", ["reboot-bootloader", "reboot-fastboot"])
def test_a_device_that_agrees_to_go_and_stays_is_not_taken_for_one_that_came_back(
    tmp_path: Path, before: Any
) -> None:
    class Staying(FastbootTarget):
        def restart_into(self, mode: Mode) -> None:
            """Say yes and stay."""

    made = recipe(Step("boot", BOOT), Step("misc", BOOT, before=before))
    soon = Patience(leave=0.05, mode=0.2)
    with dynamic(tmp_path) as device, refused(Code.DEVICE_REFUSED):
        write(lambda tell: Staying.open(device.address, tell), made, run_of(made), patience=soon)


def test_a_device_that_comes_back_as_another_one_is_left_alone(tmp_path: Path) -> None:
    """Over TCP nothing but the serial tells that somebody has changed them meanwhile."""
    made = recipe(Step("system", SYSTEM))
    run = run_of(made)
    other = replace(DYNAMIC, serial="ANOTHER")
    with dynamic(tmp_path) as device, emulated(tmp_path, "tcp", other) as stranger:
        addresses = iter((device, *[stranger] * 9))

        def connect(tell: Tell) -> Any:
            return next(addresses).connect(tell)

        with refused(Code.DEVICE_MISMATCH) as refusal:
            write(connect, made, run)
        assert words(stranger) == []
    assert refusal.fault.details == f"wanted {SERIAL}, found ANOTHER"


def test_a_cancel_is_heeded_while_the_device_is_away(tmp_path: Path) -> None:
    made = recipe(Step("system", SYSTEM))
    run = run_of(made)
    with dynamic(tmp_path, boot_s=60.0) as device:
        opened = []

        def connect(tell: Tell) -> Any:
            opened.append(1)
            if len(opened) > 1:
                assert run.cancel()
            return device.connect(tell)

        with refused(Code.CANCELLED):
            write(connect, made, run)
    assert run.device_state == "device sent into fastbootd"


def test_no_stage_is_told_again_after_a_restart(tmp_path: Path) -> None:
    steps = Step("boot", BOOT), Step("system", SYSTEM, before="reboot-fastboot")
    with dynamic(tmp_path) as device:
        run = device.flash(recipe(*steps))
    told = [(where.step, where.stage) for where in run.turns(0) if where.phase is Phase.WRITING]
    assert told == [
        (0, "Flashing boot partition"),
        (1, "Restarting into fastbootd"),
        (1, "Flashing system partition"),
    ]
