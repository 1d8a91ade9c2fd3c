"""What is told when a record overtakes its events: on NATS each filter has an order of its own."""

from __future__ import annotations

from collections.abc import Iterator

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
