from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.block.target import BlockTarget
from flashyard.flash.images.image import Image
from flashyard.flash.ports.disk import Disk
from flashyard.flash.running.mark import Mark
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import PausedError, Run
from flashyard.flash.running.writer import write
from support.faults import refused
from support.mark_shelf import MarkShelf
from support.paper_disk import PaperMedium
from support.sparse_images import apply_sparse
from support.wide_images import MIB, wide_raw, wide_sparse

SIZE = 11 * MIB
DISK = Disk("sdb", Path("/dev/sdb"), "8:16", SIZE, removable=True, read_only=False)
PART_SIZES = st.sampled_from([70_000, 3 * MIB // 2, 64 * MIB])
ALIGNMENTS = st.sampled_from([512, 4096])
OLD = b"\xee"
SYNC = ("sync", 0, 0)


def written(
    image: bytes,
    folder: Path,
    medium: PaperMedium,
    part_size: int,
    *,
    read_back: bool = False,
    since: Mark | None = None,
    shelf: MarkShelf | None = None,
) -> None:
    """Flash an image to a medium as a job would."""
    path = folder / "image"
    path.write_bytes(image)
    with Image(path) as source:
        steps = (Step("disk", source),)
        recipe = Recipe(
            steps=steps, part_size=part_size, hash_checked=True, read_back=read_back, since=since
        )
        run = Run(("disk",), keep=shelf.keep if shelf else None, since=since)
        if shelf is not None:
            shelf.run = run
        write(lambda _tell: BlockTarget(DISK, medium), recipe, run)
        assert run.content == source.content_size
    assert medium.is_closed


def wanted(image: bytes) -> bytes:
    device = bytearray(OLD * SIZE)
    if image[:4] == b"\x3a\xff\x26\xed":
        apply_sparse(image, device)
    else:
        device[: len(image)] = image
    return bytes(device)


@settings(max_examples=40)  # each is a disk of 11 MiB
@given(image=wide_raw() | wide_sparse(), part_size=PART_SIZES, alignment=ALIGNMENTS)
def test_the_disk_equals_the_source_and_its_first_mib_comes_last(
    tmp_path_factory: pytest.TempPathFactory, image: bytes, part_size: int, alignment: int
) -> None:
    medium = PaperMedium(SIZE, alignment)
    written(image, tmp_path_factory.mktemp("x"), medium, part_size, read_back=True)
    goal = wanted(image)
    is_cut = image[:4] != b"\x3a\xff\x26\xed" and len(image) > part_size
    end = -(-len(image) // 4096) * 4096 if is_cut else len(image)
    if is_cut:  # its last block is padded with zeros
        goal = goal[: len(image)] + bytes(end - len(image)) + goal[end:]
    assert bytes(medium.bytes) == goal
    head = [
        at for at, (what, offset, _) in enumerate(medium.log) if what == "write" and offset < MIB
    ]
    body = [
        at for at, (what, offset, _) in enumerate(medium.log) if what == "write" and offset >= MIB
    ]
    syncs = [at for at, (what, _, _) in enumerate(medium.log) if what == "sync"]
    assert all(at < syncs[-2] for at in body)
    assert all(syncs[-2] < at < syncs[-1] for at in head)


@settings(max_examples=40)  # each is a disk of 11 MiB
@given(image=wide_raw() | wide_sparse(), part_size=PART_SIZES, dies_at=st.integers(0, 9))
def test_a_crash_at_any_write_leaves_the_first_mib_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, image: bytes, part_size: int, dies_at: int
) -> None:
    medium = PaperMedium(SIZE, dies_at=dies_at)
    broke = True
    with suppress(FaultError):
        written(image, tmp_path_factory.mktemp("x"), medium, part_size)
        broke = False
    assert medium.is_closed
    if broke:
        assert len(medium.log) == dies_at
    heads = [at for at, entry in enumerate(medium.log) if entry[0] == "write" and entry[1] < MIB]
    if heads:
        assert medium.log[heads[0] - 1] == SYNC
        assert all(entry == SYNC for entry in medium.log[heads[-1] + 1 :])
    else:
        assert bytes(medium.bytes[:MIB]) == OLD * MIB


def test_padding_beyond_the_end_of_the_disk_is_left_out(tmp_path: Path) -> None:
    medium = PaperMedium(3 * MIB + 512)
    image = b"\x11" * (3 * MIB + 512)
    written(image, tmp_path, medium, 2 * MIB)
    assert bytes(medium.bytes) == image


def test_an_image_larger_than_the_disk_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    medium = PaperMedium(MIB)
    with refused(Code.IMAGE_TOO_LARGE):
        written(b"\x11" * (MIB + 1), tmp_path, medium, 64 * MIB)
    assert medium.log == []


@settings(max_examples=25)
@given(image=wide_raw() | wide_sparse(), part_size=PART_SIZES, parts=st.integers(1, 4))
def test_what_another_session_wrote_of_a_disk_is_gone_on_with(
    tmp_path_factory: pytest.TempPathFactory, image: bytes, part_size: int, parts: int
) -> None:
    def folder() -> Path:
        return tmp_path_factory.mktemp("x")

    medium, whole, shelf = PaperMedium(SIZE), PaperMedium(SIZE), MarkShelf(1 + parts)
    written(image, folder(), whole, part_size)
    try:
        written(image, folder(), medium, part_size, shelf=shelf)
    except PausedError:
        assert shelf.run is not None
        again = PaperMedium(SIZE)
        again.bytes[:] = medium.bytes
        written(image, folder(), again, part_size, since=shelf.run.mark)
        medium = again
    assert medium.bytes == whole.bytes
