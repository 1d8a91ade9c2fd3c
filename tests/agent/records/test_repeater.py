"""Who tells records: what becomes of those that nobody takes, that cannot be sent, or are old."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flashyard.agent.journal import unrecorded
from flashyard.agent.records.window import SIZE
from flashyard.contract.orders import Recorded
from flashyard.contract.records import Unrecorded
from support.ended_jobs import EndedJobs, job_id_of
from support.facts import START

UNTIL_WORN = (5, 10, 20, 40, 80, 160)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[EndedJobs]:
    hub = EndedJobs(tmp_path)
    await hub.begin()
    yield hub
    await hub.stop()


async def end(hub: EndedJobs, *numbers: int) -> None:
    for number in numbers:
        hub.end(number)
    await hub.settle()


def sent(hub: EndedJobs) -> list[int]:
    """What went out since it was asked last."""
    numbers = [number for number, _ in hub.sent]
    hub.sent.clear()
    return numbers


async def test_records_that_nobody_takes_keep_others_waiting_for_some_minutes_and_not_for_ever(
    hub: EndedJobs,
) -> None:
    bad = range(SIZE)
    await end(hub, *bad, SIZE, SIZE + 1)
    await hub.connect()
    for pause in UNTIL_WORN:
        assert sent(hub) == list(bad)
        await hub.pass_time(pause)
    assert sent(hub) == list(bad)
    await hub.pass_time(300)
    assert sent(hub)[:2] == [SIZE, SIZE + 1], "those come first now"
    hub.acknowledge(SIZE, SIZE + 1)
    await hub.settle()
    assert await hub.waiting() == list(bad)
    assert sorted(hub.repeater._window.numbers) == [number + 1 for number in bad]


async def test_what_the_link_does_not_take_is_tried_again_and_nothing_is_left_out(
    hub: EndedJobs,
) -> None:
    await hub.connect()
    hub.is_up = False  # which nobody has noticed yet
    await end(hub, 1, 2)
    assert sent(hub) == []
    assert hub.repeater._pause() == 5
    hub.is_up = True
    await hub.pass_time(5)
    assert sent(hub) == [1, 2]


async def test_what_is_acknowledged_while_it_is_read_is_not_sent_again(hub: EndedJobs) -> None:
    await end(hub, 1, 2)
    await hub.connect()
    assert sent(hub) == [1, 2]
    hub.now += 5
    looking = asyncio.create_task(hub.repeater.look())
    await asyncio.sleep(0)  # it has asked the journal
    hub.acknowledge(1)
    await looking
    assert sent(hub) == [2]


async def test_they_age_while_a_hub_is_at_work_and_not_by_any_clock_that_can_be_set(
    hub: EndedJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a hub that was off for a year has lost nothing, and a month without a history counts."""
    assert unrecorded.LONGEST * unrecorded.TICK == 30 * 86_400
    monkeypatch.setattr(unrecorded, "LONGEST", 6)
    await end(hub, 1)
    for ticks, waiting in ((3, [1]), (2, [1, 2]), (1, [2])):
        for _ in range(ticks):
            await hub.pass_time(unrecorded.TICK)
        assert await hub.waiting() == waiting
        await hub.kill()
        if ticks == 3:
            await end(hub, 2)
    assert await hub.lost() == 1


async def test_what_is_begun_anew_meanwhile_begins_with_the_oldest(hub: EndedJobs) -> None:
    await end(hub, *range(SIZE + 2))
    await hub.connect()
    hub.acknowledge(0, 1)
    looking = asyncio.create_task(hub.repeater.look())
    await asyncio.sleep(0)  # it has asked the journal for the next two
    sent(hub)
    hub.repeater.begin_anew()
    await looking
    await hub.settle()
    assert sent(hub) == list(range(2, SIZE + 2))


async def test_nothing_is_tried_while_the_link_is_down(hub: EndedJobs) -> None:
    await hub.connect()
    hub.disconnect()
    tries = hub.tries
    await end(hub, 1)
    await hub.pass_time(60)
    assert hub.tries == tries
    await hub.connect()
    assert sent(hub) == [1]


async def test_nothing_is_said_of_what_is_acknowledged_soon_and_all_of_what_is_not(
    hub: EndedJobs,
) -> None:
    await hub.connect()
    await end(hub, 1, 2)
    assert hub.told is None
    await hub.pass_time(5)
    assert hub.told == Unrecorded(waiting=2, since=START + 1)
    hub.acknowledge(1)
    await hub.settle()
    assert hub.told == Unrecorded(waiting=2, since=START + 1), "not with each of them"
    await hub.pass_time(10)
    assert hub.told == Unrecorded(waiting=1, since=START + 2)
    hub.acknowledge(2)
    await hub.settle()
    assert hub.told is None


async def test_that_all_is_on_record_is_said_at_once_also_where_some_was_lost(
    hub: EndedJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unrecorded, "MOST", 1)
    await hub.connect()
    await end(hub, 1, 2)
    await hub.pass_time(10)
    assert hub.told == Unrecorded(waiting=1, since=START + 2, lost=1)
    hub.acknowledge(2)
    await hub.settle()
    assert hub.told == Unrecorded(waiting=0, lost=1)


async def test_a_hub_that_comes_back_says_at_once_what_waits(hub: EndedJobs) -> None:
    await end(hub, 1)
    await hub.kill()
    assert hub.told == Unrecorded(waiting=1, since=START + 1)


async def test_another_history_than_before_is_told_in_the_log(
    hub: EndedJobs, caplog: pytest.LogCaptureFixture
) -> None:
    for history_id in ("h1", "h1", "h2"):
        hub.repeater.acknowledged(Recorded(job_ids=(job_id_of(1),), history_id=history_id))
    assert [each.getMessage() for each in caplog.records if "another history" in each.message] == [
        "records are kept by another history now: h2"
    ]
