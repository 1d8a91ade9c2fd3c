"""Whoever connects at an awkward moment is told what is true, and what closes an old card."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

import pytest

from flashyard.contract.messages import FlashCompleted
from flashyard.contract.tracked import SILENT_STAGE, Frame
from flashyard_bridge.picture.fleet import Fleet
from support.hub_script import HubScript, Published
from support.watcher import Watcher

JOB = "job_1703001234_abc123"
OLD = "job_1703001233_abc123"
NEW = "job_1703001235_abc123"


class _World:
    """A fleet, the hub it hears, and a browser that was there from the beginning."""

    def __init__(self, hub: HubScript | None = None) -> None:
        self.hub = hub or HubScript()
        self.steady = 0.0
        self.fleet = Fleet(lambda: self.hub.now, lambda: self.steady, lost_after=600)
        self.fleet.link_up(self.hub.now)
        self.early = Watcher()
        self.say(self.hub.presence(announced=self.hub.now), self.hub.record())
        self.pass_time(4)
        assert self.fleet.complete

    def pass_time(self, seconds: int) -> None:
        self.steady += seconds
        self.hub.now += seconds * 1000
        self.early.hear(self.fleet.tick())

    def say(self, *said: Published | Iterator[Published]) -> None:
        for each in said:
            for one in [each] if isinstance(each, Published) else each:
                self.early.hear(self.fleet.report(one.topic, one.report, one.payload))

    def told(self) -> list[tuple[str, str | None]]:
        """What a new browser is told: types and stages."""
        late = Watcher()
        late.join(snapshot := self.fleet.snapshot())
        assert late.complaints() == []
        return [_gist(frame) for frame in snapshot]


def _gist(frame: Frame) -> tuple[str, str | None]:
    kind: str = getattr(frame.message, "type", "")
    return kind.removeprefix("flash_"), getattr(frame.message, "stage", None)


@pytest.fixture
def world() -> _World:
    return _World()


def test_a_job_told_as_full_is_shown_as_lost_and_then_as_found_to_who_comes_new(
    world: _World,
) -> None:
    world.say(world.hub.start(JOB))
    last = world.hub.complete()
    world.say(takewhile(lambda one: not isinstance(one.report, FlashCompleted), last))
    offline = world.hub.presence(online=False)
    running = world.hub.record()
    world.say(offline)
    assert world.told() == [("started", "Initializing"), ("progress", SILENT_STAGE)]
    world.say(world.hub.presence(), running)
    assert world.told() == [("started", "Initializing"), ("progress", "Restarting the device")]
    assert world.early.letters(JOB) == "sh", "of one 100 % every browser is told once"


def test_a_waiting_job_that_was_given_up_and_came_back_waits_and_then_begins(
    world: _World,
) -> None:
    world.say(world.hub.queue(JOB), world.hub.presence(online=False))
    world.pass_time(1)
    world.pass_time(601)
    assert world.early.letters(JOB) == "qF"
    world.say(world.hub.presence(), world.hub.record())
    assert world.told() == [("queued", None)]
    world.say(world.hub.start(JOB))
    assert world.told() == [("started", "Initializing")]
    assert world.early.letters(JOB) == "qF", "who heard the end hears no more"


def test_for_a_minute_after_the_first_picture_jobs_from_before_it_are_told_as_ended() -> None:
    hub = HubScript()
    list(hub.start(OLD))
    list(hub.complete())
    hub.now += 9 * 60_000
    list(hub.start(JOB))
    world = _World(hub)  # the bridge before was killed in mid-job
    world.say(hub.sample(10), hub.complete())
    world.say(hub.start(NEW), hub.fail())
    assert world.told() == [("completed", None), ("completed", None)], "no card is left of NEW"
    world.pass_time(61)
    assert world.told() == []


def test_what_ended_long_before_the_first_picture_is_told_to_nobody() -> None:
    hub = HubScript()
    list(hub.start(OLD))
    list(hub.complete())
    hub.now += 11 * 60_000
    assert _World(hub).told() == []
