"""What many wait for is made once, told of in steps, and given up when the last one leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flashyard.agent.making import Making, Workshop
from flashyard.contract.faults import Code, refuse
from support.faults import refused
from support.waiting import until

FILE = Path("file")


def new() -> Making:
    return Making("Making", 200)


class Work:
    """It goes on until it is told to be done; `begun` has what was made so far."""

    def __init__(self) -> None:
        self.begun: list[Making] = []
        self.done = asyncio.Event()

    async def __call__(self, making: Making) -> Path:
        self.begun.append(making)
        while not self.done.is_set():
            await asyncio.sleep(0)
            making.go_on()
        return FILE


async def test_it_is_made_once_for_all_who_wait_and_anew_afterwards() -> None:
    workshop, work = Workshop(), Work()
    tasks = [asyncio.create_task(workshop.made("a", new, work)) for _ in range(3)]
    await until(lambda: work.begun)
    assert workshop.stage("a") == "Making (0 %)"
    assert workshop.stage("b") is None
    work.done.set()
    assert await asyncio.gather(*tasks) == [FILE] * 3
    assert (len(work.begun), workshop.stage("a")) == (1, None)
    assert await workshop.made("a", new, work) == FILE
    assert len(work.begun) == 2


async def test_it_goes_on_until_the_last_one_leaves_and_who_comes_then_begins_anew() -> None:
    workshop, work = Workshop(), Work()
    one, other = (asyncio.create_task(workshop.made("a", new, work)) for _ in range(2))
    await until(lambda: work.begun and work.begun[0].waiting == 2)
    stopped = asyncio.Event()
    work.begun[0].stop = stopped.set
    one.cancel()
    await asyncio.wait([one])
    assert not work.begun[0].abandoned
    other.cancel()
    await asyncio.wait([other])
    assert work.begun[0].abandoned
    assert stopped.is_set()
    late = asyncio.create_task(workshop.made("a", new, work))
    await until(lambda: len(work.begun) == 2)
    work.done.set()
    assert await late == FILE


async def test_all_who_wait_hear_why_it_could_not_be_made() -> None:
    workshop = Workshop()

    async def broken(_making: Making) -> Path:
        await asyncio.sleep(0)
        raise refuse(Code.DISK_FULL)

    for each in [asyncio.create_task(workshop.made("a", new, broken)) for _ in range(2)]:
        with refused(Code.DISK_FULL):
            await each


async def test_closing_gives_everything_up() -> None:
    workshop, work = Workshop(), Work()
    task = asyncio.create_task(workshop.made("a", new, work))
    await until(lambda: work.begun)
    await workshop.close()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert workshop.stage("a") is None


@pytest.mark.parametrize(("done", "told"), [(0, 0), (19, 0), (20, 10), (199, 90), (500, 100)])
def test_progress_changes_ten_times_at_most(done: int, told: int) -> None:
    making = new()
    making.went(done)
    assert making.progress() == f"Making ({told} %)"
    making.abandon()
    with refused(Code.CANCELLED):
        making.went(done)
