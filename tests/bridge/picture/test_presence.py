"""Who counts as there: hubs answer when they are asked, strangers are not believed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from flashyard.contract.limits import MAX_QUEUE
from flashyard_bridge.picture.fleet import Fleet
from support.hub_script import START, HubScript, Published

JOB = "job_1703001234_abc123"


class Listener:
    """A fleet, and the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.fleet = Fleet(lambda: START + int(self.now * 1000), lambda: self.now)
        self.fleet.link_up(START)

    def hear(self, *said: Published | Iterable[Published], retained: bool = False) -> None:
        for each in said:
            for one in [each] if isinstance(each, Published) else each:
                self.fleet.report(one.topic, one.report, one.payload, retained=retained)

    def after(self, seconds: float) -> Fleet:
        self.now += seconds
        self.fleet.tick()
        return self.fleet

    @property
    def is_online(self) -> bool:
        [hub] = self.fleet.hubs()
        return hub.online


@pytest.fixture
def listener() -> Listener:
    return Listener()


def test_the_first_picture_waits_for_the_answer_of_who_is_known(listener: Listener) -> None:
    listener.hear(HubScript().presence(), retained=True)
    assert not listener.after(1.0).complete
    listener.hear(HubScript().presence(announced=START))
    assert listener.fleet.complete


def test_a_birth_is_no_answer_for_its_records_are_not_out_yet(listener: Listener) -> None:
    listener.hear(HubScript().presence())
    assert not listener.after(1.0).complete
    assert listener.fleet.is_to_ask
    listener.fleet.asked(START + 1000)
    assert not listener.fleet.is_to_ask
    listener.hear(HubScript().presence(announced=START + 1000))
    assert listener.fleet.complete


def test_the_picture_is_taken_as_it_is_after_three_seconds(listener: Listener) -> None:
    listener.hear(HubScript().presence(), retained=True)
    assert listener.after(3.0).complete


def test_a_hub_that_does_not_answer_counts_as_offline(listener: Listener) -> None:
    listener.hear(HubScript().presence(), retained=True)
    listener.after(14.0)
    assert listener.is_online
    listener.after(1.0)
    assert not listener.is_online
    listener.hear(HubScript().presence(announced=START))
    assert listener.is_online


def test_a_hub_that_comes_back_is_asked_again(listener: Listener) -> None:
    listener.hear(HubScript().presence(announced=START))
    assert not listener.fleet.is_to_ask
    listener.hear(HubScript().presence(online=False))
    listener.hear(HubScript().presence(announced=START - 5))
    assert listener.fleet.is_to_ask


@pytest.mark.parametrize("announced", [START, START - 5], ids=["answered before", "another bridge"])
def test_a_hub_that_lost_the_broker_for_longer_is_asked_once_it_is_there(
    listener: Listener, announced: int
) -> None:
    listener.hear(HubScript().presence(announced=START))
    listener.after(60.0).link_down()
    listener.fleet.link_up(START + 60_000)  # which nobody heard: the hub was not there yet
    listener.after(6.0)
    listener.hear(HubScript().presence(announced=announced))
    assert listener.fleet.is_to_ask
    listener.fleet.asked(START + 66_000)
    listener.after(10.0)
    assert listener.is_online, "it has had ten seconds to answer"
    listener.hear(HubScript().presence(announced=START + 66_000))
    assert not listener.fleet.is_to_ask
    listener.after(600.0)
    assert listener.is_online


def test_a_hub_that_speaks_and_never_answers_is_asked_once_more_and_then_offline(
    listener: Listener,
) -> None:
    listener.hear(HubScript().presence(announced=START))
    listener.after(60.0).link_down()
    listener.fleet.link_up(START + 60_000)
    asked: list[int] = []
    while listener.is_online and len(asked) < 5:
        listener.hear(HubScript().presence(announced=None))
        if listener.fleet.is_to_ask:
            asked.append(START + 60_000)
            listener.fleet.asked(asked[-1])
        listener.after(1.0)
    assert len(asked) == 1


def test_a_hub_that_has_answered_is_not_asked_for_all_that_it_says(listener: Listener) -> None:
    listener.hear(HubScript().presence(announced=START))
    listener.hear(HubScript().presence(announced=START - 5))
    assert not listener.fleet.is_to_ask


def test_a_hub_nobody_knows_starts_no_job_that_nobody_would_end(listener: Listener) -> None:
    listener.hear(HubScript().start(JOB))
    assert listener.fleet.jobs() == []
    assert listener.fleet.snapshot() == []


def test_a_device_has_no_more_jobs_than_its_queue_holds(listener: Listener) -> None:
    hub = HubScript()
    listener.hear(hub.presence())
    for number in range(3 * MAX_QUEUE):
        told = next(iter(hub.queue(f"job_1703001234_abc{number:03}")))
        listener.hear(told)
    assert len(listener.fleet.jobs()) == MAX_QUEUE + 1
