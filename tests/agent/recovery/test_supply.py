"""An image whose store is away is waited for, for so long, and the hub says so meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from flashyard.agent.cache import ImageCache
from flashyard.agent.recovery.backoff import Backoff
from flashyard.agent.recovery.supply import Supply
from flashyard.agent.recovery.troubles import Troubles
from flashyard.client.download import StoreAwayError
from flashyard.contract.faults import Code, Fault, fault, refuse
from flashyard.contract.records import StoredImage
from support.faults import refused
from support.image_server import stored
from support.waiting import until

IMAGE = stored(b"content")
STAGE = "The image store cannot be reached; trying again in {} s"
AT_ONCE = Backoff(0.0, 1.0, 0.0)


class AwayStore:
    """A cache whose store is away for so many attempts; ``asked``: with what, at what time."""

    def __init__(self, away: int, takes: float = 0.0) -> None:
        self.now = 0.0
        self.asked: list[str | None] = []
        self.troubles = Troubles(lambda: 1_703_001_234_000)
        self.stages: list[str] = []
        self.met: list[Fault] = []
        self._away = away
        self._takes = takes

    @asynccontextmanager
    async def held(self, _image: StoredImage, query: str | None) -> AsyncIterator[Path]:
        self.asked.append(query)
        self.now += self._takes
        if len(self.asked) <= self._away:
            raise StoreAwayError(fault(Code.IMAGE_UNREACHABLE))
        yield Path("image")

    def supply(self, backoff: Backoff = AT_ONCE, patience: float = 600.0) -> Supply:
        clock = lambda: self.now  # noqa: E731 - no name says more
        cache: ImageCache = self  # type: ignore[assignment]  # as much of one as is asked for
        return Supply(cache, self.troubles, clock, patience=patience, backoff=backoff)

    async def have(self, supply: Supply) -> Path:
        query = lambda: f"query {len(self.asked)}"  # noqa: E731
        async with supply.held(IMAGE, query, self.stages.append, self.met.append) as path:
            return path


async def test_the_image_is_had_once_the_store_is_back_and_the_trouble_is_gone() -> None:
    store = AwayStore(away=3)
    heard: list[int] = []
    store.troubles.changed = lambda: heard.append(len(store.troubles.told))
    assert await store.have(store.supply()) == Path("image")
    assert store.stages == [STAGE.format(0)] * 3
    assert heard == [1, 0]
    assert [why.code for why in store.met] == [Code.IMAGE_UNREACHABLE], "one outage is one fault"


async def test_each_attempt_has_the_newest_signature() -> None:
    store = AwayStore(away=2)
    await store.have(store.supply())
    assert store.asked == ["query 0", "query 1", "query 2"]


async def test_the_stage_tells_when_it_is_tried_again() -> None:
    store = AwayStore(away=3)
    await store.have(store.supply(Backoff(0.001, 2.0, 1.0)))
    assert store.stages == [STAGE.format(delay) for delay in ("0.001", "0.002", "0.004")]


async def test_after_ten_minutes_it_is_given_up() -> None:
    store = AwayStore(away=1000, takes=60.0)
    with refused(Code.IMAGE_UNREACHABLE):
        await store.have(store.supply())
    assert len(store.asked) == 1 + 10
    assert store.troubles.told == ()


async def test_no_patience_is_one_attempt() -> None:
    store = AwayStore(away=1000)
    with refused(Code.IMAGE_UNREACHABLE):
        await store.have(store.supply(patience=0.0))
    assert len(store.asked) == 1


async def test_whoever_ends_the_wait_ends_it_at_once() -> None:
    store = AwayStore(away=1000)
    wait = asyncio.create_task(store.have(store.supply(Backoff(1e6, 1.0, 1e6))))
    await until(lambda: store.stages)
    assert store.troubles.told
    wait.cancel()
    with pytest.raises(asyncio.CancelledError):
        await wait
    assert store.troubles.told == ()


async def test_what_a_stage_is_answered_with_ends_the_wait() -> None:
    store = AwayStore(away=1000)

    def cancelled(_stage: str) -> None:
        raise refuse(Code.CANCELLED)

    with refused(Code.CANCELLED):
        async with store.supply().held(IMAGE, lambda: None, cancelled, store.met.append):
            pass
    assert store.troubles.told == ()
