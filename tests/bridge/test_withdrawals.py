"""A start that failed for its caller is taken back until its hub has said what became of it."""

from __future__ import annotations

import logging

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.limits import Limits
from flashyard.contract.messages import HubChanged
from flashyard.contract.orders import Answer
from flashyard.contract.records import Hub
from flashyard.contract.topics import Kind, Topic
from flashyard_bridge.picture.fleet import Fleet
from flashyard_bridge.withdrawals import Withdrawals

HUB = "bench-a"
JOB = "job_1703001234_abc123"
NOW = 1_703_001_234_000
OTHERS = ("job_1703001234_abc124", "job_1703001234_abc125")


class Room:
    """Withdrawals at work: ``told`` are the cancels that went out, as job and session."""

    def __init__(self, size: int = 10) -> None:
        self.fleet = Fleet(lambda: NOW, lambda: 0.0)
        self.told: list[tuple[str, str]] = []
        self.is_up = True
        self.withdrawals = Withdrawals(self.fleet, self._cancel, size)

    def hear(self, session: str, hub_id: str = HUB, *, online: bool = True) -> None:
        """Have a hub say of itself that it is there, or not."""
        hub = Hub(
            hub_id=hub_id,
            online=online,
            session=session,
            since=1,
            version="0.1.0",
            limits=Limits(max_parallel=1),
        )
        said = HubChanged(hub_id=hub_id, timestamp=NOW, hub=hub)
        self.fleet.report(Topic(Kind.PRESENCE, hub_id), said, said.encode())
        self.withdrawals.hub_heard(hub)

    def answer(self, code: Code | None = None, hub_id: str = HUB) -> None:
        """Have a hub answer the newest cancel."""
        order_id = f"o-{len(self.told)}"
        answer = Answer(order_id=order_id, accepted=code is None, code=code)
        self.withdrawals.answered(hub_id, answer)

    def _cancel(self, _hub_id: str, job_id: str, session: str) -> str | None:
        if not self.is_up:
            return None
        self.told.append((job_id, session))
        return f"o-{len(self.told)}"


@pytest.fixture
def room() -> Room:
    room = Room()
    room.hear("s1")
    return room


def test_a_hub_that_is_there_is_told_at_once_and_once_in_each_run(room: Room) -> None:
    room.withdrawals.add(HUB, JOB)
    assert room.told == [(JOB, "s1")]
    room.hear("s1")
    room.hear("s2", "bench-b")
    assert room.told == [(JOB, "s1")]
    room.hear("s2")
    room.hear("s2")
    room.hear("s3")
    assert room.told == [(JOB, "s1"), (JOB, "s2"), (JOB, "s3")]


def test_a_hub_that_is_not_there_is_told_once_it_is(room: Room) -> None:
    room.hear("s1", online=False)
    room.withdrawals.add(HUB, JOB)
    room.withdrawals.add("never-seen", OTHERS[0])
    assert room.told == []
    room.hear("s1")
    room.hear("s9", "never-seen")
    assert room.told == [(JOB, "s1"), (OTHERS[0], "s9")]


@pytest.mark.parametrize(
    "code", [None, Code.ALREADY_FINAL, Code.ILLEGAL_STATE, Code.UNKNOWN_JOB], ids=str
)
def test_what_the_hub_has_answered_is_not_asked_of_it_again(room: Room, code: Code | None) -> None:
    room.withdrawals.add(HUB, JOB)
    room.answer(code)
    room.hear("s2")
    assert room.told == [(JOB, "s1")]


def test_an_answer_that_it_came_to_another_run_or_too_late_is_no_last_word(room: Room) -> None:
    room.withdrawals.add(HUB, JOB)
    room.answer(Code.STALE_ORDER)
    room.hear("s1")
    assert room.told == [(JOB, "s1"), (JOB, "s1")]


def test_another_hubs_answer_is_nothing_to_it(room: Room) -> None:
    room.withdrawals.add(HUB, JOB)
    room.answer(hub_id="bench-b")
    room.hear("s2")
    assert room.told == [(JOB, "s1"), (JOB, "s2")]


def test_what_a_lost_link_may_have_swallowed_is_said_again(room: Room) -> None:
    room.withdrawals.add(HUB, JOB)
    room.withdrawals.link_down()
    room.hear("s1")
    assert room.told == [(JOB, "s1")] * 2, "the bridge's was lost"
    room.hear("s1", online=False)
    room.hear("s1")
    assert room.told == [(JOB, "s1")] * 3, "the hub's was lost"


def test_what_could_not_be_sent_is_sent_when_the_hub_is_heard(room: Room) -> None:
    room.is_up = False
    room.withdrawals.add(HUB, JOB)
    room.is_up = True
    room.hear("s1")
    assert room.told == [(JOB, "s1")]


def test_a_job_that_is_somebodys_now_is_left_to_them(room: Room) -> None:
    room.withdrawals.add(HUB, JOB)
    room.withdrawals.drop(JOB)
    room.hear("s2")
    assert room.told == [(JOB, "s1")]


def test_only_so_many_are_kept_and_it_is_said_of_which_job_that_is_not_true(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = Room(size=2)
    with caplog.at_level(logging.WARNING):
        for job_id in (JOB, *OTHERS):
            room.withdrawals.add(HUB, job_id)
    assert JOB in caplog.text
    room.hear("s1")
    assert [job_id for job_id, _ in room.told] == list(OTHERS)
