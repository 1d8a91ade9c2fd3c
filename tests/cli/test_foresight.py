from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from flashyard.cli.cargo import Cargo, Piece
from flashyard.cli.foresight import examine, foresee_denials, judge_options, misfit
from flashyard.client.upload import LocalImage
from flashyard.contract.faults import Code, FaultError
from flashyard.contract.plans import PlannedStep, Requirement
from flashyard.flash.images.facts import ImageFacts
from flashyard.flash.source import MIB, Kind
from support.facts import a_device
from support.packings import gzipped
from support.waiting import until
from support.wishes import a_wish

SPARSE = ImageFacts(Kind.SPARSE, size=100, expanded_size=5000, content_size=60)
SLOTTED = a_device(
    slots=("a", "b"), current_slot="b", partitions={"boot_a": 9000, "boot_b": 4096, "misc": 4999}
)


def cargo(partition: str, facts: ImageFacts = SPARSE, **how: Any) -> Cargo:
    step = PlannedStep(partition=partition, image="0" * 64, **how)
    image = LocalImage("image.img", facts.size, step.image, lambda: iter(()))
    return Cargo(name="image.img", pieces=(Piece(step, image, facts, unpack=True),))


@pytest.mark.parametrize(
    ("partition", "slot", "room"),
    [("boot", None, 4096), ("boot", "active", 4096), ("boot", "b", 4096), ("misc", None, 4999)],
)
def test_an_image_that_spans_more_than_its_partition_is_too_large(
    partition: str, slot: str | None, room: int
) -> None:
    why = misfit(SLOTTED, cargo(partition), slot)
    assert why is not None
    assert (why.code, why.rule.exit) == (Code.IMAGE_TOO_LARGE, 1)
    assert why.sentence == f"5000 bytes do not fit into {partition}, which has {room}."


def test_what_fits_or_is_not_on_record_is_no_reason_to_refuse() -> None:
    assert misfit(SLOTTED, cargo("boot"), "a") is None
    assert misfit(SLOTTED, cargo("boot"), "inactive") is None
    assert misfit(SLOTTED, cargo("misc", SPARSE._replace(expanded_size=4999)), None) is None
    assert misfit(SLOTTED, cargo("vendor"), None) is None
    assert misfit(a_device(), cargo("boot"), None) is None


def test_what_the_hub_lays_out_anew_or_writes_elsewhere_is_for_the_hub_to_judge() -> None:
    assert misfit(SLOTTED, cargo("boot", slot="other"), None) is None
    assert misfit(SLOTTED, cargo("misc", method="update-super"), None) is None


def test_one_partition_of_several_that_does_not_fit_is_enough() -> None:
    several = Cargo(name="x", pieces=(*cargo("vendor").pieces, *cargo("misc").pieces))
    why = misfit(SLOTTED, several, None)
    assert why is not None
    assert why.sentence == "5000 bytes do not fit into misc, which has 4999."


@pytest.mark.parametrize(
    ("asked", "is_refused"),
    [
        (Requirement(variable="product", values=("alpha", "oriole")), False),
        (Requirement(variable="product", values=("ori*",)), False),
        (Requirement(variable="product", values=("alpha", "beta")), True),
        (Requirement(variable="product", values=("oriole",), reject=True), True),
        (Requirement(variable="product", values=("alpha",), reject=True), False),
        (Requirement(variable="product", values=("alpha",), product="beta"), False),
        (Requirement(variable="version-bootloader", values=("1",)), False),
    ],
)
def test_an_image_for_another_product_is_refused(asked: Requirement, *, is_refused: bool) -> None:
    wanting = replace(cargo("boot"), requirements=(asked,))
    why = misfit(a_device(product="oriole"), wanting, None)
    assert (why is not None) is is_refused
    assert why is None or why.code is Code.DEVICE_MISMATCH
    assert misfit(a_device(), wanting, None) is None, "a product nobody knows"


def test_a_slot_the_device_does_not_have_is_refused() -> None:
    device = a_device(partitions={"boot": 9000})
    for slot, sentence in (
        ("a", "`slot` is not one of PIXEL6_001's slots."),
        ("inactive", "`slot` is not valid: PIXEL6_001 has no slots."),
    ):
        why = misfit(device, cargo("boot"), slot)
        assert why is not None
        assert (why.code, why.rule.exit) == (Code.INVALID_REQUEST, 2)
        assert why.sentence == sentence


@pytest.mark.parametrize(
    ("verify", "slot", "code", "sentence"),
    [
        ("sha", None, Code.INVALID_REQUEST, "`verify` is not valid: Input should be 'none', "),
        (None, "c", Code.INVALID_REQUEST, "`slot` is not valid: Input should be 'active', "),
    ],
)
def test_values_nothing_can_be_flashed_with_are_refused(
    verify: str | None, slot: str | None, code: Code, sentence: str
) -> None:
    with pytest.raises(FaultError) as refusal:
        judge_options(a_wish("D", "boot", "b.img", verify=verify, slot=slot))
    assert (refusal.value.fault.code, refusal.value.fault.rule.exit) == (code, 2)
    assert refusal.value.fault.sentence.startswith(sentence)


def test_what_works_is_let_through() -> None:
    for verify, slot, rollback in (
        (None, None, None),
        ("none", "active", "last-good"),
        ("booted", "inactive", "slot"),
    ):
        judge_options(a_wish("D", "boot", "b.img", verify=verify, slot=slot, rollback=rollback))


@pytest.mark.parametrize("slot", [None, "active"])
def test_a_way_back_to_the_slot_that_is_written_is_none(slot: str | None) -> None:
    with pytest.raises(FaultError) as refusal:
        judge_options(a_wish("D", "boot", "b.img", slot=slot, rollback="slot"))
    assert refusal.value.fault.code is Code.ROLLBACK_IMPOSSIBLE


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


def test_what_is_not_restarted_cannot_be_seen_to_start() -> None:
    with pytest.raises(FaultError) as refusal:
        judge_options(a_wish("D", "boot", "b.img", verify="booted", reboot=False))
    assert refusal.value.fault.code is Code.INVALID_REQUEST


def test_what_every_hub_denies_is_refused_before_it_is_sent() -> None:
    foresee_denials(cargo("boot"))
    with pytest.raises(FaultError) as refusal:
        foresee_denials(Cargo(name="x", pieces=(*cargo("boot").pieces, *cargo("abl").pieces)))
    assert refusal.value.fault.code is Code.PARTITION_DENIED


def test_a_disk_is_written_whole_and_is_told_so_before_anything_is_sent() -> None:
    stick = a_device("STICK_1", mode="storage", partitions={"disk": 9000})
    assert misfit(stick, cargo("disk"), None) is None
    why = misfit(stick, cargo("boot"), None)
    assert why is not None
    assert why.code is Code.UNKNOWN_PARTITION


def test_what_fits_into_a_memory_is_judged_by_who_can_read_the_file() -> None:
    board = a_device("BOARD_1", mode="dfu", partitions={"Internal-Flash": 4096})
    assert misfit(board, cargo("Internal-Flash"), None) is None
