"""The image cache's directory: what stays, what goes, and when it is too full."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from flashyard.agent.shelf import RESERVE, Shelf, unpacked_name
from flashyard.contract.faults import Code
from support.faults import refused

A, B, C, D = (letter * 64 for letter in "abcd")


def put(directory: Path, name: str, size: int, used: int) -> Path:
    """A file that was used so many seconds after the beginning of time."""
    path = directory / name
    path.write_bytes(b"x" * size)
    os.utime(path, (used, 1))
    return path


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_it_opens_with_what_is_ours_and_within_the_limit(tmp_path: Path) -> None:
    directory = tmp_path / "images"
    Shelf(directory, 100).open()
    for name, used in ((A, 1), (f"{B}.part", 2), (C, 3)):
        put(directory, name, 40, used)
    for name in (unpacked_name(C), f"{unpacked_name(C)}.part"):
        put(directory, name, 1, 9)  # it was never made durable
    put(directory, "left.tmp", 5, 9)
    (directory / "lost+found").mkdir()
    Shelf(directory, 100).open()
    assert names(directory) == {f"{B}.part", C, "lost+found"}


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 100)
    for name, used in ((A, 1), (B, 2), (C, 3)):
        put(tmp_path, name, 30, used)
    shelf.use(A)
    shelf.make_room(D, {D: 40}, frozenset())
    assert names(tmp_path) == {A, C}


def test_what_must_stay_stays(tmp_path: Path) -> None:
    put(tmp_path, A, 60, 1)
    put(tmp_path, B, 40, 2)
    shelf = Shelf(tmp_path, 100)
    shelf.make_room(C, {C: 40}, {A})
    assert names(tmp_path) == {A}
    with refused(Code.DISK_FULL) as refusal:
        shelf.make_room(C, {C: 41}, {A})
    assert "--cache-size" in (refusal.fault.hint or "")
    assert names(tmp_path) == {A}


def test_what_is_under_way_counts_once_and_with_its_whole_size(tmp_path: Path) -> None:
    put(tmp_path, f"{A}.part", 30, 1)
    put(tmp_path, f"{B}.part", 10, 1)
    shelf = Shelf(tmp_path, 100)
    shelf.make_room(A, {A: 50, B: 50}, frozenset())
    assert names(tmp_path) == {f"{A}.part", f"{B}.part"}
    with refused(Code.DISK_FULL):
        shelf.make_room(C, {A: 50, B: 50, C: 1}, frozenset())


def test_what_is_inside_an_image_is_a_file_of_its_own(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 100)
    put(tmp_path, A, 30, 1)
    put(tmp_path, unpacked_name(A), 30, 2)
    shelf.make_room(B, {B: 60}, frozenset())
    assert names(tmp_path) == {unpacked_name(A)}
    shelf.make_room(A, {A: 70}, {unpacked_name(A)})
    with refused(Code.DISK_FULL):
        shelf.make_room(A, {A: 71}, {unpacked_name(A)})


def test_holes_take_no_room(tmp_path: Path) -> None:
    with (tmp_path / unpacked_name(A)).open("wb") as file:
        file.truncate(1 << 40)
    Shelf(tmp_path, 100).make_room(B, {B: 100}, {unpacked_name(A)})
    assert names(tmp_path) == {unpacked_name(A)}


def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    shelf = Shelf(tmp_path, 1 << 60)
    with refused(Code.DISK_FULL) as refusal:
        shelf.make_room(A, {A: free - RESERVE // 2}, frozenset())
    assert "disk is too full" in refusal.fault.sentence


def test_what_is_not_there_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Shelf(tmp_path, 1).use(A)
