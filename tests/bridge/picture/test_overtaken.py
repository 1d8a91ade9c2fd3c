"""What is told when a record overtakes its events: on NATS each filter has an order of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flashyard.contract.messages import FlashProgress
from flashyard.contract.phases import Status
from flashyard.contract.rollback import Rollback
from flashyard.contract.topics import Kind
from flashyard_bridge.picture.fleet import Fleet
from support.hub_script import HubScript, Published
from support.watcher import Watcher

JOB = "job_1703001234_abc123"
STORY = {"flash_started", "flash_paused", "flash_resumed", "flash_progress", "flash_completed"}


def test_a_paused_job_whose_record_says_completed_has_been_resumed() -> None:
    hub = HubScript()
    fleet, browser = Fleet(lambda: hub.now, lambda: 0.0), Watcher()
    fleet.link_up(hub.now)
    told: list[str] = []

    def say(said: Iterator[Published]) -> None:
        for each in said:
            frames = fleet.report(each.topic, each.report, each.payload)
            browser.hear(frames)
            told.extend(kind for frame in frames if (kind := frame.message.type) in STORY)

    say(iter([hub.presence(), hub.record()]))
    say(hub.start(JOB))
    say(hub.pause())
    late = [*hub.resume(), *hub.complete()]
    say(iter([hub.record()]))
    say(iter(late))
    assert told == [
        "flash_started",
        "flash_paused",
        "flash_resumed",
        "flash_progress",
        "flash_completed",
    ]
    assert browser.complaints() == []


class Ear:
    """A bridge and a browser; ``told`` is every lifecycle message the browser got."""

    def __init__(self, hub: HubScript) -> None:
        self.fleet, self.browser = Fleet(lambda: hub.now, lambda: 0.0), Watcher()
        self.told: list[str] = []
        self.fleet.link_up(hub.now)
        self.hear([hub.presence()])

    def hear(self, said: Iterable[Published]) -> None:
        for each in said:
            frames = self.fleet.report(each.topic, each.report, each.payload)
            self.browser.hear(frames)
            kinds = (frame.message.type.removeprefix("flash_") for frame in frames)
            self.told += [kind for kind in kinds if not kind.endswith("_changed")]
        assert self.browser.complaints() == []


def test_a_bridge_that_first_sees_a_job_paused_tells_that_it_is() -> None:
    hub = HubScript()
    list(hub.start(JOB))
    list(hub.pause())
    ear = Ear(hub)
    ear.hear([hub.record()])
    assert ear.told == ["started", "paused", "progress"]


def test_a_bridge_that_first_sees_a_job_held_tells_that_it_is() -> None:
    hub = HubScript()
    list(hub.start("job_1703001234_abc000"))
    list(hub.queue(JOB))
    list(hub.hold(JOB))
    ear = Ear(hub)
    ear.hear([hub.record()])
    assert ear.told[-2:] == ["queued", "paused"]
    ear.hear(hub.let_go(JOB))
    assert ear.told[-1] == "resumed"


def test_a_held_job_that_has_begun_unheard_was_resumed_first() -> None:
    hub = HubScript()
    ear = Ear(hub)
    ear.hear(hub.queue(JOB))
    ear.hear(hub.hold(JOB))
    list(hub.let_go(JOB))
    ear.hear(hub.start(JOB))
    assert ear.told[:4] == ["queued", "paused", "resumed", "started"]


def test_what_went_on_unheard_and_stood_again_is_told_to_have_gone_on() -> None:
    hub = HubScript()
    ear = Ear(hub)
    ear.hear(hub.start(JOB))
    ear.hear(hub.pause())
    list(hub.resume())
    ear.hear(hub.pause())
    assert ear.told == ["started", "paused", "resumed", "paused"]


def test_a_lost_resume_is_told_by_the_record_though_a_later_event_was_heard() -> None:
    hub = HubScript()
    ear = Ear(hub)
    ear.hear(hub.start(JOB))
    ear.hear(hub.pause())
    list(hub.resume())
    event, record = hub.begin_again()
    ear.hear([event])
    ear.hear([record])
    assert ear.told == ["started", "paused", "progress", "resumed"]
    job = ear.fleet.job(JOB)
    assert job is not None
    assert job.status is Status.RUNNING


def test_a_hub_that_goes_on_after_a_kill_sends_again_and_no_browser_sees_bytes_fall() -> None:
    hub = HubScript()
    ear = Ear(hub)
    ear.hear(hub.start(JOB))
    ear.hear([hub.sample(500_000)])
    hub.die_and_go_on(200_000)
    ear.hear([hub.presence(since=hub.now), hub.record()])
    ear.hear(hub.begin_again("Going on"))
    job = ear.fleet.job(JOB)
    assert job is not None
    assert (job.stage, job.bytes_transferred, job.progress) == ("Going on", 500_000, 50.0)
    newest = ear.browser.seen[JOB][-1]
    assert isinstance(newest, FlashProgress)
    assert (newest.stage, newest.bytes_transferred) == ("Going on", 500_000)


def test_what_a_silent_hub_said_late_does_not_leave_it_silent_to_who_comes_new() -> None:
    hub = HubScript()
    ear = Ear(hub)
    ear.hear(hub.start(JOB))
    ear.hear(hub.pause())
    late, record = hub.resume()
    ear.hear([hub.presence(online=False), late])
    ear.hear([hub.presence(), record])
    newest = Watcher()
    newest.join(ear.fleet.snapshot())
    job, told = ear.fleet.job(JOB), newest.seen[JOB][-1]
    assert job is not None
    assert isinstance(told, FlashProgress)
    assert told.stage == job.stage == "Initializing"


def test_a_job_that_completed_did_not_need_its_way_back() -> None:
    hub = HubScript()
    ear = Ear(hub)
    ear.hear(hub.start(JOB))
    ear.hear(hub.plan_rollback())
    ear.hear(each for each in hub.complete() if each.topic.kind is Kind.EVENT)
    job = ear.fleet.job(JOB)
    assert job is not None
    assert job.rollback == Rollback(kind="slot", outcome="not_needed")
