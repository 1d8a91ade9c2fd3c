from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.images.window import LARGEST, Panes, Window, populate
from support.faults import refused

SIZE = 3 * LARGEST + 12345


@pytest.fixture(scope="module")
def data() -> bytes:
    return os.urandom(SIZE)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> Path:
    path = tmp_path_factory.mktemp("window") / "file"
    path.write_bytes(data)
    return path


@pytest.fixture
def copy(tmp_path: Path, data: bytes) -> Path:
    """A file that nobody else has mapped."""
    path = tmp_path / "copy"
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def window(path: Path) -> Iterator[Window]:
    with path.open("rb") as file:
        yield Window(Panes(file.fileno()))


def mapped(path: Path) -> int:
    """Count the bytes of the file that are mapped into this process."""
    total = 0
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith(str(path)):
            start, end = line.split()[0].split("-")
            total += int(end, 16) - int(start, 16)
    return total


@given(offset=st.integers(0, SIZE), length=st.integers(0, SIZE))
def test_any_stretch_of_the_file_is_seen_in_order(
    window: Window, data: bytes, offset: int, length: int
) -> None:
    length = min(length, SIZE - offset)
    seen = offset
    for view in window.views(offset, length):
        assert 0 < len(view) <= LARGEST
        assert view == data[seen : seen + len(view)]
        seen += len(view)
    assert seen == offset + length


def test_a_large_file_is_seen_through_whole_panes(window: Window) -> None:
    assert {len(view) for view in window.views(0, 3 * LARGEST)} == {LARGEST}


def test_no_more_than_two_windows_are_ever_mapped_and_none_after_the_end(copy: Path) -> None:
    with copy.open("rb") as file:
        window = Window(Panes(file.fileno()))
        most = 0
        for view in window.views(0, SIZE):
            most = max(most, mapped(copy))
            del view
        assert LARGEST <= most <= 2 * LARGEST
        del window
    assert mapped(copy) == 0


def test_who_may_map_little_looks_through_what_is_mapped_already(copy: Path) -> None:
    sizes = iter([LARGEST, 1 << 16, 1 << 16])
    with copy.open("rb") as file:
        panes = Panes(file.fileno(), lambda: next(sizes))
        views = [next(Window(panes).views(offset, 1)) for offset in (0, LARGEST - 1, LARGEST)]
        assert panes.mapped == mapped(copy) == LARGEST + (1 << 16)
        del views
        assert panes.mapped == mapped(copy) == 0


def test_a_view_stays_valid_for_as_long_as_it_is_held(copy: Path, data: bytes) -> None:
    with copy.open("rb") as file:
        window = Window(Panes(file.fileno()))
        views = list(window.views(0, SIZE))
        del window
    assert b"".join(views) == data
    del views
    assert mapped(copy) == 0


def test_a_file_that_became_shorter_is_refused(window: Window) -> None:
    with refused(Code.IMAGE_CORRUPT):
        list(window.views(SIZE - 1, 2))


def test_what_cannot_be_read_is_a_fault_and_not_the_end_of_the_hub(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(1 << 20))
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 1 << 20, prot=mmap.PROT_READ)
    os.truncate(path, 0)  # to the kernel the same as a sector that its disk does not give
    with refused(Code.IMAGE_CORRUPT):
        populate(mapped)
