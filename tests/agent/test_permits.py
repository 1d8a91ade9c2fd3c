"""How many jobs run at once, and whose turn is next."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.permits import Permit, Permits

NETWORK = None
BOUNDS = st.tuples(st.integers(1, 4), st.integers(0, 3))
ASK = st.tuples(st.just("ask"), st.sampled_from(["left", "right", NETWORK]))
GIVE = st.tuples(st.just("give"), st.integers(0, 9))
LEAVE = st.tuples(st.just("leave"), st.integers(0, 9))


class Crowd(NamedTuple):
    """Those who wait and those who have a permit, each in the order they came to."""

    permits: Permits
    waiting: list[tuple[str | None, asyncio.Task[Permit]]]
    running: list[Permit]

    async def ask(self, controller: str | None) -> None:
        """Ask for a permit; the loop then has its turns."""
        task = asyncio.create_task(self.permits.take(controller))
        self.waiting.append((controller, task))
        await self.settle()

    async def settle(self) -> list[str | None]:
        """Let go on who can; tell who has got a permit by it."""
        for _ in range(3):
            await asyncio.sleep(0)
        come = [each for each in self.waiting if each[1].done()]
        self.waiting[:] = [each for each in self.waiting if not each[1].done()]
        self.running.extend(task.result() for _, task in come if not task.cancelled())
        return [controller for controller, _ in come]


@given(bounds=BOUNDS, deeds=st.lists(st.one_of(ASK, GIVE, LEAVE), max_size=40))
def test_nobody_waits_who_could_run_and_nobody_is_overtaken_by_his_equal(
    bounds: tuple[int, int], deeds: list[tuple[str, str | int | None]]
) -> None:
    asyncio.run(_live(bounds, deeds))


async def _live(bounds: tuple[int, int], deeds: list[tuple[str, str | int | None]]) -> None:
    limit, share = bounds
    crowd = Crowd(Permits(limit, share), [], [])

    def may_run(controller: str | None) -> bool:
        beside = sum(permit.controller == controller for permit in crowd.running)
        is_held = controller is not NETWORK and share > 0 and beside >= share
        return len(crowd.running) < limit and not is_held

    for deed, what in deeds:
        if deed == "ask":
            assert what is None or isinstance(what, str)
            could, waited = may_run(what), len(crowd.waiting)
            await crowd.ask(what)
            assert (len(crowd.waiting) == waited) is could
        elif deed == "give" and crowd.running:
            assert isinstance(what, int)
            permit = crowd.running.pop(what % len(crowd.running))
            first = next((c for c, _ in crowd.waiting if may_run(c)), "nobody")
            crowd.permits.give(permit)
            assert await crowd.settle() == ([] if first == "nobody" else [first])
        elif deed == "leave" and crowd.waiting:
            assert isinstance(what, int)
            crowd.waiting[what % len(crowd.waiting)][1].cancel()
            await crowd.settle()
        assert not any(may_run(controller) for controller, _ in crowd.waiting)
    for _, task in crowd.waiting:
        task.cancel()
    await crowd.settle()


async def test_a_permit_given_to_one_who_left_in_that_moment_is_not_lost() -> None:
    permits = Permits(1)
    permit = permits.try_take()
    assert permit
    task = asyncio.create_task(permits.take())
    await asyncio.sleep(0)
    permits.give(permit)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert permits.try_take()


async def test_a_full_controller_holds_up_neither_another_nor_the_network() -> None:
    permits = Permits(8, 1)
    assert permits.try_take("pci-0000:00:14.0")
    assert not permits.try_take("pci-0000:00:14.0")
    assert permits.try_take("pci-0000:00:1a.0")
    assert permits.try_take(NETWORK)
    assert permits.try_take(NETWORK)
