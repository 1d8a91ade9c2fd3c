"""One image for many devices at once: read once, at a pace of each device's own."""

from __future__ import annotations

import mmap
import os
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest

from flashyard.contract.faults import Code, refuse
from flashyard.flash.images import lending, window
from flashyard.flash.images.image import Image
from flashyard.flash.images.lending import Lending
from flashyard.flash.source import MIB, Part
from support.faults import refused
from support.sparse_images import flash

SIZE = 9 * MIB + 12345
READERS = 6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    noise = random.Random("lent")
    content = bytearray(noise.randbytes(SIZE))
    content[2 * MIB : 4 * MIB] = bytes(2 * MIB)
    path = tmp_path / "image"
    path.write_bytes(content)
    return path


class Reads:
    """Counts the bytes that are read from files, and the panes that are mapped."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        self.mapped: list[int] = []
        preadv, mapping = os.preadv, mmap.mmap

        def counted(fd: int, buffers: Sequence[memoryview], offset: int) -> int:
            got = preadv(fd, buffers, offset)
            self.bytes += got
            return got

        def mapped(*told: int, **more: int) -> object:
            self.mapped.append(more["offset"])
            return mapping(*told, **more)

        monkeypatch.setattr(os, "preadv", counted)
        monkeypatch.setattr(mmap, "mmap", mapped)


def sent(parts: Iterator[Part]) -> list[bytes]:
    return [b"".join(bytes(buffer) for buffer, _ in part.buffers()) for part in parts]


def test_however_many_write_an_image_it_is_scanned_once_and_each_gets_all_of_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Image(path) as alone:
        expected = sent(alone.parts(2 * MIB))
    assert len(expected) > 1
    reads = Reads(monkeypatch)
    lent, together = Lending(), Barrier(READERS)

    def write(_: int) -> list[bytes]:
        with lent.lent(path) as image:
            together.wait(10)
            return sent(image.parts(2 * MIB))

    with ThreadPoolExecutor(READERS) as pool:
        assert list(pool.map(write, range(READERS))) == [expected] * READERS
    assert reads.bytes == SIZE


def test_devices_that_are_at_the_same_place_look_through_the_same_pane(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(monkeypatch)
    lent = Lending()
    with ExitStack() as stack:
        images = [stack.enter_context(lent.lent(path)) for _ in range(READERS)]
        looks = [next(image.parts(SIZE)).buffers() for image in images]
        for side_by_side in zip(*looks, strict=True):
            assert len({bytes(view) for view, _ in side_by_side}) == 1
    assert 1 < len(reads.mapped) == len(set(reads.mapped))


def test_one_who_stands_still_or_fails_holds_nobody_and_a_late_one_is_served(path: Path) -> None:
    lent = Lending()
    with Image(path) as alone:
        expected = sent(alone.parts(2 * MIB))
    with ExitStack() as slow:
        stuck = slow.enter_context(lent.lent(path))
        first = next(stuck.parts(2 * MIB)).buffers()
        next(first)  # and it asks for no more
        with refused(Code.CANCELLED):
            _fail(lent, path)
        with lent.lent(path) as quick:
            assert sent(quick.parts(2 * MIB)) == expected
        with lent.lent(path) as late:
            assert late is stuck
            assert flash(late.parts(MIB)) == flash(stuck.parts(2 * MIB))
        assert sent(stuck.parts(2 * MIB)) == expected


def _fail(lent: Lending, path: Path) -> None:
    with lent.lent(path) as failing:
        next(failing.parts(2 * MIB))
        raise refuse(Code.CANCELLED)


def test_the_last_who_is_done_closes_and_a_file_that_was_replaced_is_another_image(
    path: Path, tmp_path: Path
) -> None:
    lent = Lending()
    with lent.lent(path) as before:
        (tmp_path / "new").write_bytes(b"x" * 5000)
        (tmp_path / "new").replace(path)
        with lent.lent(path) as after:
            sizes = (before.size, after.size)
            assert next(next(before.parts(SIZE)).buffers())
    assert str(path) not in Path("/proc/self/maps").read_text(encoding="utf-8")
    assert sizes == (SIZE, 5000)


def test_what_cannot_be_opened_is_refused_to_each_who_asks(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    lent = Lending()
    for _ in range(2):
        with refused(Code.IMAGE_CORRUPT), lent.lent(empty):
            pass
    empty.write_bytes(b"x")
    with lent.lent(empty) as image:
        assert image.size == 1


@pytest.mark.parametrize("readers", [1, 2, 3, 8, 24, 100])
def test_what_is_mapped_for_all_together_is_bounded(path: Path, readers: int) -> None:
    lent = Lending()
    with ExitStack() as stack:
        for _ in range(readers):
            stack.enter_context(lent.lent(path))
        pane = lent.pane()
    assert pane & (pane - 1) == 0
    assert lending.SMALLEST <= pane <= window.LARGEST
    assert pane == lending.SMALLEST or pane * readers <= lending.ROOM


def test_those_who_came_first_do_not_hold_what_all_together_may_have(tmp_path: Path) -> None:
    """When they mapped theirs, there were few to share with; and they are slow to move on."""
    lent, readers = Lending(), 24
    with ExitStack() as stack:
        held = []
        for number in range(readers):
            path = tmp_path / str(number)
            with path.open("wb") as file:
                file.truncate(window.LARGEST)
            image = stack.enter_context(lent.lent(path))
            held.append((image, next(next(image.parts(window.LARGEST)).buffers())))
        mapped = sum(image.mapped for image, _ in held)
        held.clear()
    assert mapped <= lending.ROOM + readers * lending.SMALLEST
