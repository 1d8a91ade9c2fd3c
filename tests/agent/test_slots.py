"""How many jobs run at once, and whose turn is next."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.slots import Slot, Slots

NETWORK = None
BOUNDS = st.tuples(st.integers(1, 4), st.integers(0, 3))
ASK = st.tuples(st.just("ask"), st.sampled_from(["left", "right", NETWORK]))
GIVE = st.tuples(st.just("give"), st.integers(0, 9))
LEAVE = st.tuples(st.just("leave"), st.integers(0, 9))


class Crowd(NamedTuple):
    """Those who wait and those who have a slot, each in the order they came to."""

    slots: Slots
    waiting: list[tuple[str | None, asyncio.Task[Slot]]]
    running: list[Slot]

    async def ask(self, controller: str | None) -> None:
        """Ask for a slot; the loop then has its turns."""
        task = asyncio.create_task(self.slots.take(controller))
        self.waiting.append((controller, task))
        await self.settle()

    async def settle(self) -> list[str | None]:
        """Let go on who can; tell who has got a slot by it."""
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
    crowd = Crowd(Slots(limit, share), [], [])

    def may_run(controller: str | None) -> bool:
        beside = sum(slot.controller == controller for slot in crowd.running)
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
            slot = crowd.running.pop(what % len(crowd.running))
            first = next((c for c, _ in crowd.waiting if may_run(c)), "nobody")
            crowd.slots.give(slot)
            assert await crowd.settle() == ([] if first == "nobody" else [first])
        elif deed == "leave" and crowd.waiting:
            assert isinstance(what, int)
            crowd.waiting[what % len(crowd.waiting)][1].cancel()
            await crowd.settle()
        assert not any(may_run(controller) for controller, _ in crowd.waiting)
    for _, task in crowd.waiting:
        task.cancel()
    await crowd.settle()


async def test_a_slot_given_to_one_who_left_in_that_moment_is_not_lost() -> None:
    slots = Slots(1)
    slot = slots.try_take()
    assert slot
    task = asyncio.create_task(slots.take())
    await asyncio.sleep(0)
    slots.give(slot)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert slots.try_take()


async def test_a_full_controller_holds_up_neither_another_nor_the_network() -> None:
    slots = Slots(8, 1)
    assert slots.try_take("pci-0000:00:14.0")
    assert not slots.try_take("pci-0000:00:14.0")
    assert slots.try_take("pci-0000:00:1a.0")
    assert slots.try_take(NETWORK)
    assert slots.try_take(NETWORK)
