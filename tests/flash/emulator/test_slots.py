"""Which slot an emulated device starts from, and what it says of each, however a start goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.flash.emulator.device import Device
from flashyard.flash.emulator.media import Media
from flashyard.flash.emulator.mischief import parse_mischief
from flashyard.flash.emulator.profile import Profile
from flashyard.flash.emulator.slots import Slot


def device(*faults: str, slots: int = 2) -> Device:
    profile = Profile(serial="S", slots=slots, faults=tuple(map(parse_mischief, faults)))
    return Device(profile, Media(Path("nowhere")))


def start(device: Device) -> tuple[str | None, Slot | None]:
    """Restart it; tell the slot it is in, and what it says of b."""
    device.boot(after="reboot")
    return device.slots.current, device.slots["b"] if len(device.slots) else None


def test_a_slot_made_active_is_as_good_as_new_and_the_other_stays_as_it_was() -> None:
    told = device()
    told.set_active("b")
    assert told.slots["b"] == Slot(successful=False, unbootable=False, retries=7)
    assert told.slots["a"].successful
    assert start(told) == ("b", Slot(successful=True))


def test_a_slot_that_hangs_uses_up_its_tries_and_then_falls_back() -> None:
    told = device("boot-b=hang")
    told.set_active("b")
    for left in range(6, 0, -1):
        assert start(told) == ("b", Slot(retries=left))
    assert start(told) == ("a", Slot(unbootable=True, retries=0))
    assert told.slots["a"].successful
    told.set_active("b")
    assert told.slots["b"] == Slot()


def test_a_slot_that_fails_falls_back_at_once_and_the_other_one_starts() -> None:
    told = device("boot-b=fail")
    told.set_active("b")
    assert start(told) == ("a", Slot(unbootable=True, retries=0))


def test_a_device_that_stays_is_in_its_bootloader_with_the_slot_it_could_not_start() -> None:
    told = device("boot-b=stay")
    told.set_active("b")
    assert start(told) == ("b", Slot(unbootable=True, retries=0))
    assert not told.is_dead
    told.set_active("a")
    assert start(told) == ("a", Slot(unbootable=True, retries=0))


@pytest.mark.parametrize("kind", ["fail", "stay", "hang", "silence"])
def test_without_slots_every_start_that_fails_is_the_last_one(kind: str) -> None:
    told = device(f"boot={kind}", slots=0)
    start(told)
    assert told.is_dead
