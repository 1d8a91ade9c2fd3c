"""A fault at any transfer of a job: what is read back is the only thing that is believed."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.phases import Verification
from flashyard.flash.block.target import BlockTarget
from flashyard.flash.images.generated import Generated
from flashyard.flash.ports.disk import Disk
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from support.paper_disk import PaperMedium

MIB = 1 << 20
SIZE = 6 * MIB
DISK = Disk("sdb", Path("/dev/sdb"), "8:16", SIZE, removable=True, read_only=False)
SOURCE = Generated("seed", 4 * MIB + 300)
WANTED = b"".join(bytes(view) for view in SOURCE.views(0, SOURCE.size))
RECIPE = Recipe(steps=(Step("disk", SOURCE),), part_size=2 * MIB, generated=True, read_back=True)
KINDS = ("die", "drop", "flip", "elsewhere")


class FaultyMedium(PaperMedium):
    """Goes wrong at one transfer: breaks, forgets it, bends a bit, or writes somewhere else."""

    def __init__(self, number: int, kind: str, seed: int) -> None:
        super().__init__(SIZE)
        self.count = 0
        self._number = number
        self._kind = kind
        self._noise = random.Random(seed)

    def write(self, offset: int, data: memoryview) -> None:
        self._count()
        if self._is_now("drop"):
            return
        super().write(offset, data)
        if self._is_now("flip"):
            self.bytes[offset + self._noise.randrange(len(data))] ^= 4
        if self._is_now("elsewhere"):
            self.bytes[offset] ^= 1
            self.bytes[self._noise.randrange(SIZE)] ^= 1

    def read(self, offset: int, into: memoryview) -> None:
        self._count()
        super().read(offset, into)

    def sync(self) -> None:
        self._count()
        super().sync()

    def _count(self) -> None:
        self.count += 1
        if self._is_now("die"):
            raise refuse(Code.USB_UNPLUGGED)

    def _is_now(self, kind: str) -> bool:
        return self.count == self._number and self._kind == kind


def judged(medium: FaultyMedium) -> Code | None:
    """Flash, hold the outcome against the bytes, and tell how it ended."""
    run = Run(("disk",))
    ending = None
    try:
        write(lambda _tell: BlockTarget(DISK, medium), RECIPE, run)
    except FaultError as error:
        ending = error.fault.code
    assert medium.is_closed
    is_right = bytes(medium.bytes[: SOURCE.size]) == WANTED
    assert is_right or ending is not None
    assert (run.verification is Verification.READBACK) == (ending is None)
    return ending


def make_judge(kind: str) -> Callable[[int, int], Code | None]:
    return lambda number, seed: judged(FaultyMedium(number, kind, seed))


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_any_transfer_never_ends_as_a_lie(kind: str) -> None:
    sound = FaultyMedium(0, kind, 0)
    assert judged(sound) is None
    judge = make_judge(kind)
    endings = {judge(number, number) for number in range(1, sound.count + 1)}
    allowed = {Code.USB_UNPLUGGED} if kind == "die" else {Code.VERIFY_MISMATCH, None}
    assert endings <= allowed
    assert endings != {None}


@pytest.mark.long
@given(number=st.integers(1, 30), kind=st.sampled_from(KINDS), seed=st.integers())
def test_random_faults_never_end_as_a_lie(number: int, kind: str, seed: int) -> None:
    for more in range(5):
        make_judge(kind)(number, seed + more)
