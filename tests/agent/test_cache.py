"""The image cache: trusted only after a look, resumed, shared, and let go of in order."""

from __future__ import annotations

import asyncio
import gzip
import random
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from flashyard.agent import cache as cache_module
from flashyard.agent.cache import ImageCache
from flashyard.contract.faults import Code
from flashyard.contract.records import StoredImage
from flashyard.flash.images.packed.expansion import expand
from flashyard.flash.throttle.allowance import Allowance
from flashyard.flash.throttle.bucket import Bucket
from support.faults import refused
from support.image_server import ImageServer, image_server, stored, stored_packed
from support.waiting import until

CONTENT = random.Random("cache").randbytes(1_000_003)
IMAGE = stored(CONTENT)
QUERY = "signature=c0ffee"


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as store:
        store.add(CONTENT)
        yield store


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "images"


@pytest.fixture
async def cache(server: ImageServer, directory: Path) -> AsyncIterator[ImageCache]:
    made = ImageCache(directory, 1 << 30, server.url)
    await made.open()
    yield made
    await made.close()


async def content(cache: ImageCache) -> bytes:
    async with cache.held(IMAGE, QUERY) as path:
        return path.read_bytes()


async def test_what_was_fetched_is_not_fetched_again(
    cache: ImageCache, server: ImageServer
) -> None:
    assert await content(cache) == CONTENT
    assert await content(cache) == CONTENT
    assert len(server.requests) == 1
    assert cache.stage(IMAGE.sha256) is None


async def test_every_download_has_an_allowance_of_its_own(
    server: ImageServer, directory: Path
) -> None:
    handed: list[Allowance] = []

    def allowance() -> Allowance:
        handed.append(Allowance(Bucket(1 << 30)))
        return handed[-1]

    cache = ImageCache(directory, 1 << 30, server.url, allowance)
    await cache.open()
    assert await content(cache) == CONTENT
    await cache.close()
    assert len(handed) == 1


async def test_a_later_run_of_the_hub_trusts_a_file_only_after_hashing_it(
    server: ImageServer, directory: Path
) -> None:
    first = ImageCache(directory, 1 << 30, server.url)
    await first.open()
    assert await content(first) == CONTENT
    file = directory / IMAGE.sha256
    file.write_bytes(CONTENT[:-1] + b"!")

    second = ImageCache(directory, 1 << 30, server.url)
    await second.open()
    assert await content(second) == CONTENT
    assert len(server.requests) == 2


async def test_a_file_that_changes_under_our_hands_is_hashed_again(
    cache: ImageCache, server: ImageServer, directory: Path
) -> None:
    assert await content(cache) == CONTENT
    (directory / IMAGE.sha256).write_bytes(b"something else")
    assert await content(cache) == CONTENT
    assert len(server.requests) == 2


async def test_a_file_that_is_whole_serves_without_a_bridge(
    cache: ImageCache, directory: Path
) -> None:
    assert await content(cache) == CONTENT
    alone = ImageCache(directory, 1 << 30, None)
    await alone.open()
    assert await content(alone) == CONTENT
    (directory / IMAGE.sha256).unlink()
    with refused(Code.IMAGE_UNREACHABLE):
        await content(alone)


async def test_a_fetch_nobody_waits_for_stops_and_is_resumed(
    cache: ImageCache, server: ImageServer, directory: Path
) -> None:
    server.hold = True
    waiting = asyncio.create_task(content(cache))
    await until(lambda: (cache.stage(IMAGE.sha256) or "").startswith("Fetching image"))
    await until(lambda: server.requests)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    server.hold = False
    server.go.set()
    assert await content(cache) == CONTENT
    assert not (directory / f"{IMAGE.sha256}.part").exists()


async def test_all_who_wait_hear_of_a_failure(cache: ImageCache, server: ImageServer) -> None:
    server.images.clear()
    results = await asyncio.gather(content(cache), content(cache), return_exceptions=True)
    assert [getattr(result, "fault", None) and result.fault.code for result in results] == [  # type: ignore[union-attr]  # a FaultError each
        Code.UNKNOWN_IMAGE,
        Code.UNKNOWN_IMAGE,
    ]
    server.add(CONTENT)
    assert await content(cache) == CONTENT


async def test_closing_stops_what_is_being_fetched(server: ImageServer, directory: Path) -> None:
    server.hold = True
    cache = ImageCache(directory, 1 << 30, server.url)
    await cache.open()
    waiting = asyncio.create_task(content(cache))
    await until(lambda: server.requests)
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    server.go.set()


INSIDE = random.Random("inside").randbytes(700_001)
PACKED = gzip.compress(INSIDE, 1)
PACKED_IMAGE = stored_packed(PACKED, INSIDE, "gzip")


async def inside(cache: ImageCache, image: StoredImage = PACKED_IMAGE) -> bytes:
    async with cache.held(image, QUERY) as path:
        return await asyncio.to_thread(path.read_bytes)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


async def test_a_compressed_image_is_unpacked_once_for_all_who_want_it(
    cache: ImageCache, server: ImageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(PACKED)
    unpackings: list[Path] = []

    def counted(path: Path, *more: Any) -> None:
        unpackings.append(path)
        expand(path, *more)

    monkeypatch.setattr("flashyard.agent.cache.expand", counted)
    assert await asyncio.gather(*(inside(cache) for _ in range(5))) == [INSIDE] * 5
    assert await inside(cache) == INSIDE
    assert (len(unpackings), len(server.requests)) == (1, 1)
    assert cache.stage(PACKED_IMAGE.sha256) is None


async def test_what_has_just_been_unpacked_is_not_removed_by_another_who_wants_it(
    cache: ImageCache, server: ImageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(PACKED)
    rename, others = Path.replace, list[asyncio.Future[bytes]]()
    loop = asyncio.get_running_loop()

    def renamed(path: Path, target: Path) -> Path:
        there = rename(path, target)
        # In the thread that unpacks: another job looks for the file at this very moment.
        if "unpacked" in there.name:
            other = asyncio.run_coroutine_threadsafe(inside(cache), loop)
            with suppress(TimeoutError):
                other.result(0.5)
            others.append(asyncio.wrap_future(other, loop=loop))
        return there

    monkeypatch.setattr(Path, "replace", renamed)
    assert await inside(cache) == INSIDE
    assert [await other for other in others] == [INSIDE]


async def test_what_is_unpacked_while_another_looks_for_it_is_found(
    cache: ImageCache, server: ImageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(PACKED)
    loop, rename, look = asyncio.get_running_loop(), Path.replace, cache_module._mark
    others, unpacked = list[bytes](), list[str]()

    def looked(path: Path) -> object:
        if "unpacked" in path.name and not others:
            others.append(b"")  # one other job, which is done before this look
            others.append(asyncio.run_coroutine_threadsafe(inside(cache), loop).result(5))
        return look(path)

    def renamed(path: Path, target: Path) -> Path:
        unpacked.extend([target.name] * ("unpacked" in target.name))
        return rename(path, target)

    monkeypatch.setattr(cache_module, "_mark", looked)
    monkeypatch.setattr(Path, "replace", renamed)
    assert await inside(cache) == INSIDE == others[-1]
    assert len(unpacked) == 1, "nobody took away what the other had made"


async def test_the_file_and_what_is_inside_can_be_wanted_at_the_same_time(
    cache: ImageCache, server: ImageServer
) -> None:
    server.add(PACKED)
    as_is = stored(PACKED)
    assert as_is.sha256 == PACKED_IMAGE.sha256
    both = [inside(cache, as_is), inside(cache), inside(cache, as_is)]
    assert await asyncio.gather(*both) == [PACKED, INSIDE, PACKED]
    assert len(server.requests) == 1


async def test_what_an_earlier_run_unpacked_is_not_trusted(
    cache: ImageCache, server: ImageServer, directory: Path
) -> None:
    server.add(PACKED)
    await inside(cache)
    file = directory / f"{PACKED_IMAGE.sha256}.unpacked"
    file.write_bytes(b"x" * len(INSIDE))
    assert await inside(cache) == INSIDE, "it changed under our hands"
    file.write_bytes(b"x" * len(INSIDE))
    later = ImageCache(directory, 1 << 30, server.url)
    await later.open()
    assert not file.exists()
    assert await inside(later) == INSIDE
    assert len(server.requests) == 1


async def test_what_was_unpacked_counts_and_may_go(server: ImageServer, directory: Path) -> None:
    server.add(PACKED)
    room = len(PACKED) + len(INSIDE)
    cache = ImageCache(directory, room, server.url)
    await cache.open()
    assert await inside(cache) == INSIDE
    assert await content(cache) == CONTENT
    assert names(directory) == {IMAGE.sha256}
    assert await inside(cache) == INSIDE
    small = ImageCache(directory, room - 1, server.url)
    await small.open()
    with refused(Code.DISK_FULL):
        await inside(small)


async def test_an_image_that_is_not_as_promised_is_refused_and_nothing_is_kept_of_it(
    cache: ImageCache, server: ImageServer, directory: Path
) -> None:
    server.add(PACKED)
    with refused(Code.IMAGE_CORRUPT):
        await inside(cache, stored_packed(PACKED, INSIDE + b"!", "gzip"))
    assert names(directory) == {PACKED_IMAGE.sha256}
    assert await inside(cache) == INSIDE


async def test_unpacking_shows_in_the_stage_and_stops_when_nobody_waits(
    cache: ImageCache, server: ImageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(PACKED)
    over = threading.Event()

    def endless(_path: Path, _into: Path, _inside: Any, progress: Callable[[int], None]) -> None:
        try:
            while not over.wait(0.001):
                progress(len(PACKED) // 2)
        finally:
            over.set()

    with monkeypatch.context() as patch:
        patch.setattr("flashyard.agent.cache.expand", endless)
        waiting = asyncio.create_task(inside(cache))
        sha256 = PACKED_IMAGE.sha256
        await until(lambda: (cache.stage(sha256) or "").startswith("Unpacking image ("))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await until(over.is_set)
    assert await inside(cache) == INSIDE
    assert len(server.requests) == 1
