"""A run that was paused, or died, is gone on with: nothing lost, and at most a part sent again."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase
from flashyard.flash.emulator import Profile
from flashyard.flash.images.generated import Generated
from flashyard.flash.running.lines import Lines
from flashyard.flash.running.mark import Mark
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Keep, PausedError, Run
from support.emulated import MIB, SERIAL, Emulated, emulated
from support.faults import refused
from support.mark_shelf import KilledError, MarkShelf

BOOT, SYSTEM = Generated("boot", MIB), Generated("system", 5 * MIB)
RECIPE = Recipe(steps=(Step("boot", BOOT), Step("system", SYSTEM)), erase=True, part_size=2 * MIB)
PARTS = len(list(SYSTEM.parts(1 << 30, part_size=2 * MIB)))


def flown(device: Emulated, recipe: Recipe, shelf: MarkShelf | None = None) -> Run:
    partitions = tuple(step.partition for step in recipe.steps)
    keep: Keep | None = shelf.keep if shelf else None
    run = Run(partitions, keep=keep, since=recipe.since)
    if shelf is not None:
        shelf.run = run
    return device.flash(recipe, run=run)


def written(device: Emulated, partition: str) -> int:
    return device.commands.count(f"flash:{partition}")


@pytest.mark.parametrize("dies", [True, False], ids=["killed", "paused"])
def test_stopped_at_any_mark_it_goes_on_from_there(tmp_path: Path, *, dies: bool) -> None:
    for at in count():
        shelf = MarkShelf(at, dies=dies)
        with emulated(tmp_path / str(at), "tcp") as device:
            try:
                flown(device, RECIPE, shelf)
            except PausedError:
                assert shelf.run is not None
                since = shelf.run.mark
            except KilledError:
                since = shelf.kept[-1] if shelf.kept else Mark(bytes=(0, 0))
            else:
                if len(shelf.kept) > at:  # there was no safe point left to pause at
                    assert shelf.kept[at].phase in {Phase.FINISHING, Phase.ACTIVATING}
                    continue
                break
            if not since.can_be_taken_up:
                assert dies
                continue
            again = flown(device, replace(RECIPE, since=since))
            for step in RECIPE.steps:
                assert isinstance(step.source, Generated)
                content = b"".join(map(bytes, step.source.views(0, step.source.size)))
                assert device.content(step.partition) == content
            assert again.content == BOOT.content_size + SYSTEM.content_size
            assert 0 <= written(device, "boot") - 1 <= dies
            assert 0 <= written(device, "system") - PARTS <= dies
            assert device.commands.count("erase:system") <= 2
    assert at > PARTS + 4


def paused(device: Emulated, recipe: Recipe, at: int) -> Mark:
    shelf = MarkShelf(at, dies=False)
    with pytest.raises(PausedError):
        flown(device, recipe, shelf)
    assert shelf.run is not None
    return shelf.run.mark


def test_another_device_in_its_place_is_refused(tmp_path: Path) -> None:
    with emulated(tmp_path / "a", "tcp") as device:
        since = paused(device, RECIPE, 6)
    other = Profile(serial="ANOTHER_001")
    with emulated(tmp_path / "b", "tcp", other) as device:
        with refused(Code.DEVICE_MISMATCH):
            flown(device, replace(RECIPE, since=since))
        assert device.commands == []


def test_another_product_of_the_same_serial_is_refused(tmp_path: Path) -> None:
    with emulated(tmp_path / "a", "tcp") as device:
        since = paused(device, RECIPE, 6)
        since = since.with_(product="something-else")
        with refused(Code.DEVICE_MISMATCH):
            flown(device, replace(RECIPE, since=since))


def test_a_device_that_starts_from_another_slot_by_now_is_not_written(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", Profile(serial=SERIAL, slots=2)) as device:
        since = paused(device, RECIPE, 6)
        with device.connect(print) as target:
            target.set_active("b")
        before = device.commands
        with refused(Code.INTERRUPTED):
            flown(device, replace(RECIPE, since=since))
        assert device.commands == before


def test_parts_cut_otherwise_are_all_sent_again(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp") as device:
        since = paused(device, RECIPE, 7)
        assert since.parts
        flown(device, replace(RECIPE, since=since, part_size=3 * MIB))
        assert device.content("system") == b"".join(map(bytes, SYSTEM.views(0, SYSTEM.size)))


def test_what_is_left_on_the_device_is_told_over_the_pause(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp") as device:
        since = paused(device, RECIPE, 7)
        run = Run(("boot", "system"), since=since)
        assert run.mark.left == {"boot": "written", "system": "partly written"}


class PausingLines(Lines):
    """Pauses its run as soon as certain words are added."""

    run: Run

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def add(self, text: str) -> None:
        super().add(text)
        if self._words in text:
            self.run.pause()


def test_parts_cut_otherwise_count_from_none_also_if_it_is_stopped_before_the_first(
    tmp_path: Path,
) -> None:
    with emulated(tmp_path, "tcp") as device:
        since = paused(device, RECIPE, 7)
        assert since.parts
        other = replace(RECIPE, since=since, part_size=3 * MIB)
        lines = PausingLines("from its beginning")
        run = lines.run = Run(("boot", "system"), lines, since=since)
        with pytest.raises(PausedError):
            device.flash(other, run=run)
        assert (run.mark.parts, run.mark.part_size) == (0, 3 * MIB)
        flown(device, replace(other, since=run.mark))
        assert device.content("system") == b"".join(map(bytes, SYSTEM.views(0, SYSTEM.size)))
