from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from flashyard.cli.foresight import examine, judge_options, misfit
from flashyard.contract.faults import Code, FaultError
from flashyard.flash.facts import ImageFacts
from flashyard.flash.source import MIB, Kind
from support.facts import a_device
from support.packings import gzipped
from support.waiting import until

SPARSE = ImageFacts(Kind.SPARSE, size=100, expanded_size=5000, content_size=60)
SLOTTED = a_device(
    slots=("a", "b"), current_slot="b", partitions={"boot_a": 9000, "boot_b": 4096, "misc": 4999}
)


@pytest.mark.parametrize(
    ("partition", "slot", "room"),
    [("boot", None, 4096), ("boot", "active", 4096), ("boot", "b", 4096), ("misc", None, 4999)],
)
def test_an_image_that_spans_more_than_its_partition_is_too_large(
    partition: str, slot: str | None, room: int
) -> None:
    why = misfit(SLOTTED, partition, slot, SPARSE)
    assert why is not None
    assert (why.code, why.rule.exit) == (Code.IMAGE_TOO_LARGE, 1)
    assert why.sentence == f"5000 bytes do not fit into {partition}, which has {room}."


def test_what_fits_or_is_not_on_record_is_no_reason_to_refuse() -> None:
    assert misfit(SLOTTED, "boot", "a", SPARSE) is None
    assert misfit(SLOTTED, "misc", None, SPARSE._replace(expanded_size=4999)) is None
    assert misfit(SLOTTED, "vendor", None, SPARSE) is None
    assert misfit(a_device(), "boot", None, SPARSE) is None


def test_a_slot_the_device_does_not_have_is_refused() -> None:
    why = misfit(a_device(partitions={"boot": 9000}), "boot", "a", SPARSE)
    assert why is not None
    assert (why.code, why.rule.exit) == (Code.INVALID_REQUEST, 2)
    assert why.sentence == "`slot` is not one of PIXEL6_001's slots."


@pytest.mark.parametrize(
    ("verify", "slot", "code", "sentence"),
    [
        (None, "inactive", Code.NOT_SUPPORTED, "`slot` cannot be `inactive` yet."),
        ("sha", None, Code.INVALID_REQUEST, "`verify` is not valid: Input should be 'none', "),
        (None, "c", Code.INVALID_REQUEST, "`slot` is not valid: Input should be 'active', "),
    ],
)
def test_values_nothing_can_be_flashed_with_are_refused(
    verify: str | None, slot: str | None, code: Code, sentence: str
) -> None:
    with pytest.raises(FaultError) as refusal:
        judge_options(verify=verify, slot=slot)
    assert (refusal.value.fault.code, refusal.value.fault.rule.exit) == (code, 2)
    assert refusal.value.fault.sentence.startswith(sentence)


def test_what_works_is_let_through() -> None:
    for verify, slot in ((None, None), ("none", "active"), ("image", "a")):
        judge_options(verify=verify, slot=slot)


async def test_a_compressed_image_is_examined_and_its_reading_told_of(tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(gzipped(bytes(3 * MIB)))
    steps: list[int] = []
    facts = await examine(file, steps.append, unpack=True)
    assert (facts.content_size, facts.unpacked and facts.unpacked.data) == (3 * MIB, 0)
    assert 0 < sum(steps) <= facts.size
    assert all(step >= 0 for step in steps)
    as_is = await examine(file, steps.append, unpack=False)
    assert (as_is.content_size, as_is.unpacked) == (facts.size, None)


async def test_who_gives_up_does_not_wait_for_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Event()

    def endless(_path: Path, went: Callable[[int], None], **_: bool) -> ImageFacts:
        try:
            while not over.wait(0.001):
                went(1)
        finally:
            over.set()
        return SPARSE

    monkeypatch.setattr("flashyard.cli.foresight.inspect", endless)
    told: list[int] = []
    task = asyncio.create_task(examine(tmp_path, told.append, unpack=True))
    await until(lambda: told)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(over.is_set)
