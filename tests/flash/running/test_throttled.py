"""A run that may send no more than so much: it keeps to that, and still ends when it is told to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase
from flashyard.flash.block.target import BlockTarget
from flashyard.flash.fastboot import client
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.images.generated import Generated
from flashyard.flash.images.image import Image
from flashyard.flash.ports.disk import Disk
from flashyard.flash.running import writer
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import PausedError, Run
from flashyard.flash.running.writer import write
from flashyard.flash.throttle.allowance import Allowance
from flashyard.flash.throttle.bucket import Bucket
from support.emulated import MIB, PATIENT, emulated
from support.fake_usb import fake_usb
from support.faults import refused
from support.paper_disk import PaperMedium
from support.sparse_images import FILL, RAW, Piece, build

IMAGE = Generated("system", 2 * MIB)
RECIPE = Recipe(steps=(Step("system", IMAGE),), part_size=MIB)
DISK = Disk("sdb", Path("/dev/sdb"), "8:16", 8 * MIB, removable=True, read_only=False)


class Clock:
    """Time passes as it is slept."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


class ThrottledRun(Run):
    """Sleeps on the clock it was given, and tells before it does."""

    def __init__(self, clock: Clock, rate: int, partition: str = "system") -> None:
        super().__init__((partition,), clock=clock, allowance=Allowance(Bucket(rate, clock)))
        self.clock = clock
        self.holds = 0

    def hold(self, seconds: float, *, can_take_up: bool) -> bool:
        assert self.is_throttled
        self.holds += 1
        self.about_to_hold()
        self.clock.pass_by(seconds)
        return super().hold(0, can_take_up=can_take_up)

    def about_to_hold(self) -> None:
        pass


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_it_takes_as_long_as_its_limit_has_it_and_arrives_whole(
    tmp_path: Path, transport: Literal["tcp", "udp"]
) -> None:
    run = ThrottledRun(Clock(), 100_000)
    with emulated(tmp_path, transport) as device:
        device.flash(RECIPE, run=run)
        content = b"".join(map(bytes, IMAGE.views(0, IMAGE.size)))
        assert device.content("system") == content
    assert run.clock.slept == pytest.approx(run.wire / 100_000, rel=0.02)
    assert run.content == IMAGE.content_size
    assert not run.is_throttled


def test_one_that_is_cancelled_while_it_waits_ends_at_once(tmp_path: Path) -> None:
    class Cancelled(ThrottledRun):
        def about_to_hold(self) -> None:
            self.cancel()

    run = Cancelled(Clock(), 10)
    with emulated(tmp_path, "tcp") as device, refused(Code.CANCELLED):
        device.flash(RECIPE, run=run)
    assert run.holds == 1
    assert run.wire <= 2048


def test_one_that_is_paused_while_a_part_would_take_long_breaks_it_off(tmp_path: Path) -> None:
    class Paused(ThrottledRun):
        def about_to_hold(self) -> None:
            self.pause()

    run = Paused(Clock(), 1024)
    with emulated(tmp_path, "tcp") as device, pytest.raises(PausedError):
        device.flash(RECIPE, run=run)
    assert run.where.phase is Phase.WRITING
    assert 4.0 < run.clock.slept < 7.0


def test_a_low_limit_is_not_held_for_a_slow_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ThrottledRun(Clock(), PATIENT.slowest // 10)
    monkeypatch.setattr(client, "monotonic", run.clock)
    with emulated(tmp_path, "tcp") as device:
        device.flash(replace(RECIPE, steps=(Step("system", Generated("system", MIB)),)), run=run)
    assert run.clock.slept > PATIENT.stall + MIB / PATIENT.slowest


def test_a_part_that_must_be_sent_whole_is_sent_no_faster_once_it_is_to_be_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    run = Run(("system",), clock=clock, allowance=Allowance(Bucket(100_000, clock)))

    def sleep(seconds: float) -> None:
        assert run.is_throttled
        run.cancel()
        clock.pass_by(seconds)

    monkeypatch.setattr(writer, "sleep", sleep)
    with fake_usb(tmp_path) as bus:
        bus.plug("1-1")
        with refused(Code.CANCELLED):
            write(lambda tell: FastbootTarget.open(bus.at("1-1"), tell), RECIPE, run)
    assert clock.slept == pytest.approx(MIB / 100_000, rel=0.05)


def test_a_disk_is_written_no_faster_than_is_allowed(tmp_path: Path) -> None:
    image = tmp_path / "sparse"
    chunks = [Piece(RAW, 256, bytes(range(256)) * 4096), Piece(FILL, 768, b"fill")]
    image.write_bytes(build(4096, chunks))
    run = ThrottledRun(Clock(), 1_000_000, "disk")
    medium = PaperMedium(8 * MIB)
    with Image(image) as source:
        recipe = Recipe(steps=(Step("disk", source),))
        write(lambda _tell: BlockTarget(DISK, medium), recipe, run)
    # But for the first MiB, which is kept back until the sync.
    assert run.clock.slept == pytest.approx(3 * MIB / 1_000_000, rel=0.05)
