"""The image store on disk: shared, crash-proof, and honest about a full disk."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.contract.records import Unpacked
from flashyard.flash.images.facts import ImageFacts
from flashyard.flash.images.packed.packing import Packing
from flashyard.flash.source import Kind
from flashyard_bridge.images import store as images
from flashyard_bridge.images.draft import create, draft_in
from flashyard_bridge.images.store import ImageStore
from support.packings import WAYS
from support.sparse_images import FILL, RAW, Piece, build
from support.waiting import until


def now() -> int:
    return time.time_ns() // 1_000_000


def opened(folder: Path) -> ImageStore:
    store = ImageStore(folder, now)
    store.open()
    return store


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def test_bridges_that_share_a_store_see_each_others_images(tmp_path: Path) -> None:
    one, other = opened(tmp_path), opened(tmp_path)
    stored = (await one.receive(pieces(b"some ", b"bytes"), "boot.img")).image
    assert await other.get(stored.sha256) == stored
    assert await other.all() == [stored]
    await other.delete(stored.sha256)
    assert await one.all() == []


async def test_bridges_that_share_a_store_accept_each_others_signatures(tmp_path: Path) -> None:
    stores = await asyncio.gather(
        *(asyncio.to_thread(opened, tmp_path / "images") for _ in range(8))
    )
    query = stores[0].signature.sign("0" * 64, "bench-a")
    fields = dict(each.split("=") for each in query.split("&"))
    assert all(store.signature.verify("0" * 64, fields) for store in stores)
    assert names(tmp_path / "images") == ["key"]


async def test_the_key_is_nobody_elses(tmp_path: Path) -> None:
    opened(tmp_path)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key").stat().st_size == 32


async def test_a_sparse_image_is_told_from_a_raw_one(tmp_path: Path) -> None:
    content = build(4096, [Piece(RAW, 1, b"x" * 4096), Piece(FILL, 2, bytes(4))])
    image = (await opened(tmp_path).receive(pieces(content), None)).image
    assert (image.kind, image.size) == ("sparse", len(content))
    assert (image.expanded_size, image.content_size) == (3 * 4096, 3 * 4096)


@pytest.mark.parametrize("packing", Packing)
async def test_a_compressed_image_is_kept_as_it_came_and_told_by_what_is_inside(
    tmp_path: Path, packing: Packing
) -> None:
    inside = build(4096, [Piece(RAW, 1, b"x" * 4096), Piece(FILL, 2, bytes(4))])
    content = WAYS[packing][0](inside)
    store = opened(tmp_path)
    image = (await store.receive(pieces(content[:7], content[7:]), "system.img.z")).image
    assert store.path(image.sha256).read_bytes() == content
    assert (image.kind, image.size) == ("sparse", len(content))
    assert (image.expanded_size, image.content_size) == (3 * 4096, 3 * 4096)
    assert image.unpacked == Unpacked(compression=packing.value, size=len(inside), data=len(inside))
    assert await opened(tmp_path).get(image.sha256) == image


@pytest.mark.parametrize("packing", Packing)
async def test_a_compressed_image_that_is_cut_is_refused_and_gone(
    tmp_path: Path, packing: Packing
) -> None:
    content = WAYS[packing][0](b"content" * 1000)
    with pytest.raises(FaultError) as refused:
        await opened(tmp_path).receive(pieces(content[:-5]), None)
    assert refused.value.fault.code is Code.IMAGE_CORRUPT
    assert names(tmp_path) == ["key"]


async def test_what_is_to_be_sent_as_it_is_is_raw_and_the_last_word_counts(
    tmp_path: Path,
) -> None:
    content = WAYS[Packing.GZIP][0](bytes(5000))
    store = opened(tmp_path)
    asis = await store.receive(pieces(content), "ramdisk.img", unpack=False)
    assert (asis.is_new, asis.image.unpacked) == (True, None)
    assert asis.image.expanded_size == asis.image.content_size == len(content)
    inside = await store.receive(pieces(content), None)
    assert inside.image.unpacked == Unpacked(compression="gzip", size=5000, data=0)
    assert (inside.is_new, inside.image.name) == (False, "ramdisk.img")
    assert await store.get(asis.image.sha256) == inside.image
    again = await store.receive(pieces(content), None, unpack=False)
    assert again.image == asis.image == await store.get(asis.image.sha256)


async def test_nobody_goes_on_reading_an_image_whose_upload_was_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, over = threading.Event(), threading.Event()

    def inspect(_path: Path, progress: Callable[[int], None], **_: bool) -> ImageFacts:
        begun.set()
        try:
            while not over.wait(0.001):
                progress(1)
        finally:
            over.set()
        raise AssertionError

    monkeypatch.setattr(images, "inspect", inspect)
    task = asyncio.create_task(opened(tmp_path).receive(pieces(b"bytes"), None))
    assert await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(over.wait, 10)
    assert names(tmp_path) == ["key"]


async def test_a_few_images_are_read_through_at_once_and_the_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, most, go_on = 0, 0, threading.Event()

    def inspect(path: Path, _progress: Callable[[int], None], **_: bool) -> ImageFacts:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        assert go_on.wait(30)
        reading -= 1
        size = path.stat().st_size
        return ImageFacts(Kind.RAW, size, size, size)

    monkeypatch.setattr(images, "inspect", inspect)
    store = opened(tmp_path)
    tasks = [
        asyncio.create_task(store.receive(pieces(b"%d" % number), None))
        for number in range(images.MAX_INSPECTIONS + 3)
    ]
    await until(lambda: reading == images.MAX_INSPECTIONS)
    assert await store.all() == [], "others have the threads they need"
    go_on.set()
    assert all(each.is_new for each in await asyncio.gather(*tasks))
    assert most == images.MAX_INSPECTIONS


async def test_a_cut_sparse_image_is_refused(tmp_path: Path) -> None:
    content = build(4096, [Piece(RAW, 1, b"x" * 4096)])
    store = opened(tmp_path)
    with pytest.raises(FaultError) as refused:
        await store.receive(pieces(content[:-1]), None)
    assert refused.value.fault.code is Code.IMAGE_CORRUPT
    assert names(tmp_path) == ["key"]


async def test_what_a_dead_bridge_left_is_swept_and_what_grows_is_not(tmp_path: Path) -> None:
    left, growing = draft_in(tmp_path), draft_in(tmp_path)
    left.write_bytes(b"half an im")
    with create(growing):
        opened(tmp_path)
        assert not left.exists()
        assert growing.exists()
    opened(tmp_path)
    assert not growing.exists()


async def test_half_an_image_is_none(tmp_path: Path) -> None:
    store = opened(tmp_path)
    image = (await store.receive(pieces(b"some bytes"), None)).image
    store.path(image.sha256).unlink()
    assert await store.all() == []
    with pytest.raises(FaultError):
        await store.get(image.sha256)
    assert (await store.receive(pieces(b"some bytes"), None)).is_new


async def test_an_image_whose_facts_are_damaged_can_be_stored_again(tmp_path: Path) -> None:
    store = opened(tmp_path)
    image = (await store.receive(pieces(b"some bytes"), "one.img")).image
    (tmp_path / f"{image.sha256}.json").write_bytes(b"{")
    assert await store.all() == []
    again = await store.receive(pieces(b"some bytes"), "two.img")
    assert (again.is_new, again.image.name) == (True, "two.img")


async def test_two_uploads_of_one_image_end_as_one(tmp_path: Path) -> None:
    store = opened(tmp_path)
    content = b"x" * 3_000_000
    both = await asyncio.gather(
        store.receive(pieces(content), "one"), store.receive(pieces(content), "two")
    )
    digest = sha256(content).hexdigest()
    assert {each.image.sha256 for each in both} == {digest}
    assert names(tmp_path) == [digest, f"{digest}.json", "key"]
    assert store.path(digest).read_bytes() == content


async def test_more_uploads_at_once_than_allowed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_UPLOADS", 1)
    store = opened(tmp_path)
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"first"
        await go_on.wait()

    first = asyncio.create_task(store.receive(slow(), None))
    await asyncio.sleep(0)
    with pytest.raises(FaultError) as refused:
        await store.receive(pieces(b"second"), None)
    assert refused.value.fault.code is Code.RATE_LIMITED
    go_on.set()
    assert (await first).is_new
    assert (await store.receive(pieces(b"second"), None)).is_new


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
async def test_a_disk_that_fills_up_in_mid_upload_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    store = opened(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FaultError) as refused:
        await store.receive(pieces(b"some bytes"), None)
    assert refused.value.fault.code is Code.DISK_FULL
    assert names(tmp_path) == ["key"]


async def test_a_cancelled_upload_leaves_nothing_behind(tmp_path: Path) -> None:
    store = opened(tmp_path)
    reached = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.receive(endless(), None))
    await reached.wait()
    assert any(name.endswith(".part") for name in names(tmp_path))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(tmp_path) == ["key"]


async def test_a_store_that_was_not_opened_signs_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not open"):
        _ = ImageStore(tmp_path, now).signature
