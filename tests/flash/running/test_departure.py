"""The end of a run: the user's data erased, and a start that is only told where it is proven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase, Verification
from flashyard.flash.emulator import Profile
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.images.generated import Generated
from flashyard.flash.ports.sighting import Sighting
from flashyard.flash.running.contact import Patience
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.writer import write
from flashyard.flash.target import Description, Tell
from support.emulated import HASTY, SERIAL, Emulated, emulated, run_of
from support.faults import refused

SMALL = Generated("seed", 10_000)
PLAIN = Profile(serial=SERIAL, boot_s=0.1)
AB = replace(PLAIN, slots=2)
ONE = Recipe(steps=(Step("boot", SMALL),), hash_checked=True)
SEEN = replace(ONE, booted=True)
SOON = Patience(boot=0.3)
BOTH = pytest.mark.parametrize("transport", ["tcp", "udp"])


# Wiping


def test_what_is_the_user_s_is_erased_as_far_as_the_device_has_it(tmp_path: Path) -> None:
    partitions = dict.fromkeys(("boot", "userdata", "cache"), 1 << 20)
    with emulated(tmp_path, "tcp", replace(AB, partitions=partitions)) as device:
        run = device.flash(replace(ONE, wipe=True, slot="b"))
        assert [word for word in device.commands if not word.startswith("download")] == [
            "flash:boot_b",
            "erase:userdata",
            "erase:cache",
            "set_active:b",
            "reboot",
        ]
    stages = [(where.phase, where.stage) for where in run.turns(0)]
    assert (Phase.ERASING, "Wiping user data") in stages
    assert run.verification is Verification.TRANSPORT
    assert run.device_state == (
        "boot_b written, userdata erased, cache erased, slot b activated, device restarted"
    )


def test_an_image_for_what_is_wiped_is_still_there_at_the_end(tmp_path: Path) -> None:
    """Of a sparse one the gaps, too, are the user's until they are erased."""
    asked = replace(ONE, steps=(*ONE.steps, Step("userdata", SMALL)), wipe=True)
    with emulated(
        tmp_path, "tcp", replace(PLAIN, partitions={"boot": 1 << 20, "userdata": 1 << 20})
    ) as device:
        run = device.flash(asked)
        told = [word for word in device.commands if not word.startswith("download")]
        assert told == ["flash:boot", "erase:userdata", "flash:userdata", "reboot"]
        assert any(device.content("userdata"))
    assert run.device_state == "boot written, userdata written, device restarted"


@pytest.mark.parametrize(
    ("fault", "code"), [("erase=fail", Code.DEVICE_REFUSED), ("erase=silence", Code.DEVICE_SILENT)]
)
def test_a_wipe_that_fails_says_so_and_the_device_is_not_restarted(
    tmp_path: Path, fault: str, code: Code
) -> None:
    asked = replace(ONE, wipe=True)
    run = run_of(asked)
    with emulated(tmp_path, "tcp", None, fault) as device:
        with refused(code):
            device.flash(asked, HASTY, run)
        assert "reboot" not in device.commands
    assert run.device_state == "boot written, userdata may be erased"


def test_a_wipe_can_be_cancelled_between_two_partitions(tmp_path: Path) -> None:
    asked = replace(ONE, wipe=True)
    run = run_of(asked)

    class Watched(FastbootTarget):
        def erase(self, place: Any) -> None:
            super().erase(place)
            assert run.cancel()

    partitions = dict.fromkeys(("boot", "userdata", "cache"), 1 << 20)
    with emulated(tmp_path, "tcp", replace(PLAIN, partitions=partitions)) as device:
        with refused(Code.CANCELLED):
            write(lambda tell: Watched.open(device.address, tell), asked, run)
        assert device.commands[-1] == "erase:userdata"
    assert run.device_state == "boot written, userdata erased"


# Coming back


@BOTH
@pytest.mark.parametrize("profile", [PLAIN, AB], ids=["plain", "slots"])
def test_a_device_that_comes_back_as_it_should_is_told_to_have_started(
    tmp_path: Path, transport: Literal["tcp", "udp"], profile: Profile
) -> None:
    with emulated(tmp_path, transport, profile) as device:
        run = device.flash(SEEN)
    assert run.verification is Verification.BOOTED
    assert run.device_state.endswith("device started")
    assert run.where.phase is Phase.FINISHING


def test_without_a_checked_image_no_start_makes_it_one(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", PLAIN) as device:
        assert device.flash(replace(SEEN, hash_checked=False)).verification is Verification.NONE


def test_a_slot_is_activated_anew_so_that_what_is_said_of_it_is_news(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", AB) as device:
        device.flash(SEEN)
        assert device.commands[-2:] == ["set_active:a", "reboot"]


@pytest.mark.parametrize(
    ("fault", "code", "state"),
    [
        ("set_active=fail", Code.DEVICE_REFUSED, "slot a not activated, device not restarted"),
        ("set_active=silence", Code.DEVICE_SILENT, "slot a not activated, device not restarted"),
        ("reboot=fail", Code.DEVICE_REFUSED, "slot a activated, device restart not confirmed"),
        ("reboot=silence", Code.DEVICE_SILENT, "slot a activated, device restart not confirmed"),
        ("reboot=cut@0", Code.LINK_LOST, "slot a activated, device restart not confirmed"),
    ],
)
def test_a_fault_on_the_way_out_is_no_start(
    tmp_path: Path, fault: str, code: Code, state: str
) -> None:
    run = run_of(SEEN)
    with emulated(tmp_path, "tcp", AB, fault) as device, refused(code):
        device.flash(SEEN, HASTY, run)
    assert run.device_state == f"boot_a written, {state}"
    assert run.verification is Verification.TRANSPORT


def _fails(device: Emulated, patience: Patience = SOON, asked: Recipe = SEEN) -> tuple[str, str]:
    run = run_of(asked)
    with refused(Code.NOT_BOOTED) as refusal:
        write(device.connect, asked, run, patience=patience)
    assert run.verification is Verification.TRANSPORT
    assert run.device_state.endswith("device restarted, not seen to start")
    return refusal.fault.sentence, refusal.fault.details or ""


def test_a_slot_whose_system_does_not_start_is_known_at_once(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", AB, "boot=fail") as device:
        sentence, details = _fails(device, Patience())
    assert "slot a" in sentence
    assert details == "it fell back to slot b"


def test_a_slot_the_device_calls_unbootable_is_known_at_once(tmp_path: Path) -> None:
    profile = replace(AB, boot_s=0.1)
    with emulated(tmp_path, "tcp", profile, "boot=fail") as device:
        with device.device.device.lock:
            device.device.device.slots["b"].unbootable = True
        _, details = _fails(device, Patience())
    assert details == "it says that the slot cannot be started"


@pytest.mark.parametrize("profile", [PLAIN, AB], ids=["plain", "slots"])
def test_a_device_that_never_comes_back_did_not_start(tmp_path: Path, profile: Profile) -> None:
    with emulated(tmp_path, "tcp", profile, "boot=silence") as device:
        _fails(device)


def test_a_slot_that_had_started_before_proves_nothing_by_saying_so_again(tmp_path: Path) -> None:
    class Forgetless(FastbootTarget):
        def set_active(self, slot: str) -> None:
            """Say yes, and leave the slot's flags as they are."""

    with emulated(tmp_path, "tcp", AB) as device, refused(Code.NOT_BOOTED):
        write(lambda tell: Forgetless.open(device.address, tell), SEEN, run_of(SEEN), patience=SOON)


def test_a_real_device_without_slots_back_in_its_bootloader_did_not_start(tmp_path: Path) -> None:
    class Real(FastbootTarget):
        def describe(self) -> Description:
            return replace(super().describe(), emulated=False)

    def connect(tell: Tell) -> Real:
        return Real.open(device.address, tell)

    with emulated(tmp_path, "tcp", PLAIN) as device:
        with refused(Code.NOT_SUPPORTED):
            write(connect, SEEN, run_of(SEEN))
        assert device.commands == []
        with refused(Code.NOT_BOOTED) as refusal:
            write(connect, SEEN, run_of(SEEN), lambda: Sighting("fastboot", 1), SOON)
    assert refusal.fault.details == "it is in fastboot"


def test_one_that_has_not_been_away_was_not_restarted(tmp_path: Path) -> None:
    class Staying(FastbootTarget):
        def reboot(self) -> None:
            """Say yes and stay."""

    with emulated(tmp_path, "tcp", PLAIN) as device, refused(Code.NOT_BOOTED) as refusal:
        write(
            lambda tell: Staying.open(device.address, tell),
            SEEN,
            run_of(SEEN),
            patience=Patience(leave=0.05, boot=0.3),
        )
    assert refusal.fault.details == "it was not away"


def test_another_device_in_its_place_is_no_homecoming(tmp_path: Path) -> None:
    stranger = replace(PLAIN, serial="ANOTHER")
    run = run_of(SEEN)
    with emulated(tmp_path, "tcp", PLAIN) as device, emulated(tmp_path, "tcp", stranger) as other:
        addresses: Iterator[Emulated] = iter((device, *[other] * 99))
        with refused(Code.DEVICE_MISMATCH):
            write(lambda tell: next(addresses).connect(tell), SEEN, run)
    assert run.verification is Verification.TRANSPORT


def test_a_run_that_is_to_see_the_start_leaves_it_to_nobody(tmp_path: Path) -> None:
    run = run_of(SEEN)
    run.is_followed = True
    with emulated(tmp_path, "tcp", PLAIN) as device:
        device.flash(SEEN, run=run)
    assert run.verification is Verification.BOOTED
    assert not run.restart_left


def test_a_device_seen_in_a_mode_of_its_system_has_started(tmp_path: Path) -> None:
    sights = iter([Sighting("fastboot", 1)] * 2 + [Sighting(None), Sighting("recovery", 2)])
    run = run_of(SEEN)
    with emulated(tmp_path, "tcp", PLAIN) as device:
        write(device.connect, SEEN, run, lambda: next(sights, Sighting("adb", 3)))
    assert run.verification is Verification.BOOTED
    assert "The device is there in adb mode" in [line.text for line in run.lines.since(0)[0]]


def test_a_system_that_is_seen_to_run_may_be_the_other_slot_s(tmp_path: Path) -> None:
    sights = iter([Sighting("fastboot", 1)] * 2)
    run = run_of(SEEN)
    with emulated(tmp_path, "tcp", AB) as device:
        write(device.connect, SEEN, run, lambda: next(sights, Sighting("adb", 2)))
    assert run.verification is Verification.TRANSPORT, "no more than is proven"
    assert run.device_state.endswith("device started, not seen from which slot")
