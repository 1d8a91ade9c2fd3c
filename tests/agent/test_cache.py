"""The image cache: trusted only after a look, resumed, shared, and let go of in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from flashyard.agent.cache import ImageCache
from flashyard.contract.faults import Code
from support.faults import refused
from support.image_server import ImageServer, image_server, stored
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
