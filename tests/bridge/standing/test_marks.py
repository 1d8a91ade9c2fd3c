"""Claims and ends in the database: a serial is claimed once, and an end counted once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.standing import StandingOrder
from flashyard_bridge.database.database import Database
from flashyard_bridge.standing import marks
from flashyard_bridge.standing.book import Book
from flashyard_bridge.standing.mark import Mark, State
from flashyard_bridge.standing.marks import End
from support.facts import a_device

FLASHED, FAILED = End(State.FLASHED, 9), End(State.FAILED, 9, Code.LINK_LOST, "It broke.")


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[list[Book]]:
    """Those of several bridges on one database."""
    databases = [Database(database_url) for _ in range(4)]
    for each in databases:
        await asyncio.to_thread(each.open)
    ticks = count(1)
    yield [Book(each, lambda: next(ticks)) for each in databases]
    for each in databases:
        each.close()


async def order_of(book: Book, **more: Any) -> StandingOrder:
    wish = {"place": {"deviceId": "*"}, "flash": {}, "stop_after_failures": 3, "enabled": True}
    return await book.add(wish | more)


def running(serial: str = "SERIAL_1", tries: int = 1, at: int = 1) -> Mark:
    job_id = f"job_1703001234_{serial[-1]}{tries:07}"
    return Mark(serial, State.RUNNING, "bench-a", serial, "s1", tries, at, job_id)


async def known(book: Book, order: StandingOrder, serial: str = "SERIAL_1") -> Mark | None:
    return (await book.find([order.id], [serial]))[order.id].get(serial)


async def test_of_many_bridges_that_claim_a_serial_at_once_one_gets_it(books: list[Book]) -> None:
    order = await order_of(books[0])
    for number in range(10):
        mark = running(f"SERIAL_{number}")
        won = await asyncio.gather(*(book.claim(order, mark, None) for book in books * 2))
        assert won.count(True) == 1


async def test_what_was_decided_on_old_facts_is_not_done(books: list[Book]) -> None:
    book, mark = books[0], running()
    order = await order_of(book)
    assert await book.claim(order, mark, None)
    assert not await book.claim(order, running(tries=2), mark), "it runs"
    await book.settle(order.id, mark, FAILED)
    failed = await known(book, order)
    assert not await book.claim(order, mark, None), "it was tried before"
    assert await book.claim(order, running(tries=2), failed)
    await book.settle(order.id, running(tries=2), FLASHED)
    assert not await book.claim(order, running(tries=3), failed), "once per serial"
    await book.change(order.id, {"flash": {"partition": "boot"}})
    assert not await book.claim(order, running("SERIAL_2"), None), "it is another image now"
    now = await book.change(order.id, {"enabled": False})
    assert not await book.claim(now, running("SERIAL_2"), None), "it is off"
    await book.remove(order.id)
    assert not await book.claim(now, running("SERIAL_2"), None)


async def test_an_end_is_counted_once_whoever_sees_it(books: list[Book]) -> None:
    order = await order_of(books[0])
    for number, end in enumerate((FLASHED, FAILED, FLASHED)):
        mark = running(f"SERIAL_{number}")
        await books[0].claim(order, mark, None)
        told = await asyncio.gather(*(book.settle(order.id, mark, end) for book in books))
        assert len([each for each in told if each]) == 1
    now = await books[0].get(order.id)
    assert (now.flashed, now.failed, now.failures_in_row) == (2, 1, 0)


async def test_a_later_word_makes_a_failure_a_success_and_never_the_other_way(
    books: list[Book],
) -> None:
    book, mark = books[0], running()
    order = await order_of(book)
    await book.claim(order, mark, None)
    await book.settle(order.id, mark, FAILED)
    now = await book.settle(order.id, mark, FLASHED)
    assert now is not None
    assert (now.flashed, now.failed) == (1, 0)
    assert await book.settle(order.id, mark, FAILED) is None
    other = replace(mark, job_id="job_1703001234_another1")
    assert await book.settle(order.id, other, FAILED) is None


async def test_a_claim_is_taken_back_as_if_nothing_had_been(books: list[Book]) -> None:
    book = books[0]
    order = await order_of(book)
    await book.claim(order, running(), None)
    await book.release(order.id, running())
    assert await known(book, order) is None
    await book.claim(order, running(), None)
    await book.settle(order.id, running(), FAILED)
    second = running(tries=2)
    await book.claim(order, second, await known(book, order))
    await book.release(order.id, second)
    mark = await known(book, order)
    assert mark is not None
    assert (mark.state, mark.tries, mark.unplugged) == (State.FAILED, 1, True)


async def test_the_oldest_serials_are_forgotten_but_none_that_runs(
    books: list[Book], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MAX_REMEMBERED", 3)
    book = books[0]
    order = await order_of(book)
    for number in range(8):
        mark = running(f"SERIAL_{number}", at=number)
        await book.claim(order, mark, None)
        if number:
            await book.settle(order.id, mark, End(State.FLASHED, number))
    serials = [f"SERIAL_{number}" for number in range(8)]
    found = (await book.find([order.id], serials))[order.id]
    assert sorted(found) == ["SERIAL_0", "SERIAL_5", "SERIAL_6", "SERIAL_7"]


async def test_of_orders_that_are_off_the_last_one_to_do_something_is_told(
    books: list[Book],
) -> None:
    book, phone = books[0], a_device(serial="SERIAL_1")
    orders = [await order_of(book) for _ in range(3)]
    for order, at, end in (orders[0], 1, FLASHED), (orders[1], 2, FAILED):
        await book.claim(order, running(at=at), None)
        await book.settle(order.id, running(at=at), end._replace(at=at))
    for order in orders:
        await book.change(order.id, {"enabled": False})
    [told] = await book.standings([phone], [phone])
    assert told is not None
    assert (told.id, told.done, told.why) == (orders[1].id, "failed", "It broke.")
