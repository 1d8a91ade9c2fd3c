"""One browser's view: what it asked to see, at its own pace, and how far behind it may fall."""

from __future__ import annotations

import asyncio

from flashyard.contract.faults import Code
from flashyard_bridge.live import watcher as watching
from flashyard_bridge.live.watcher import MAX_WEIGHT
from flashyard_bridge.live.words import Subscribe
from support.hub_script import HubScript
from support.paper_socket import news_of, paper_watcher, tell
from support.waiting import until

JOB = "job_1703001234_abc123"
OTHER = "job_1703001235_abc123"


async def test_who_asked_for_nothing_gets_all_of_all_jobs_and_no_records() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    tell(watcher, news_of(hub.presence(), hub.start(JOB)))
    tell(watcher, news_of(hub.sample(10), hub.complete()))
    assert sock.types == ["started", "progress", "progress", "completed"]


async def test_changes_are_for_those_who_asked_for_them() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    watcher.follow(Subscribe(changes=True), [])
    tell(watcher, news_of(hub.presence(), hub.start(JOB)))
    assert sock.types == ["hub_changed", "started", "device_changed"]


async def test_a_path_of_one_job_carries_that_job_alone() -> None:
    hub, other = HubScript(), HubScript(device_id="OTHER")
    watcher, sock = paper_watcher(only=JOB)
    watcher.follow(Subscribe(changes=True), [])
    tell(watcher, news_of(other.start(OTHER), hub.start(JOB), other.complete(), hub.fail()))
    assert {message["jobId"] for message in sock.messages} == {JOB}
    assert sock.types == ["started", "failed"]


async def test_connections_from_before_a_revival_hear_no_more_of_that_job() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher(number=3)
    watcher.deliver(news_of(hub.start(JOB), since=3), None)
    watcher.deliver(news_of(hub.start(OTHER), since=2), None)
    assert [message["jobId"] for message in sock.messages] == [OTHER]


async def test_a_paused_socket_gets_on_resume_the_newest_of_each_job_in_order() -> None:
    hub, other = HubScript(), HubScript(device_id="OTHER")
    watcher, sock = paper_watcher()
    tell(watcher, news_of(hub.start(JOB), other.start(OTHER)))
    watcher.pause()
    for done in range(1, 500):
        tell(watcher, news_of(hub.sample(done), other.sample(done)))
    tell(watcher, news_of(other.complete()))
    assert sock.types == ["started", "started"]
    watcher.resume()
    told = [(m["jobId"], m["type"], m.get("bytesTransferred")) for m in sock.messages[2:]]
    assert told == [
        (JOB, "flash_progress", 499),
        (OTHER, "flash_progress", 1_000_000),
        (OTHER, "flash_completed", None),
    ]


async def test_thinned_out_progress_never_makes_a_client_too_slow() -> None:
    hubs = [HubScript(device_id=f"D{n}") for n in range(600)]
    watcher, sock = paper_watcher()
    watcher.pause()
    for hub in hubs:
        tell(watcher, news_of(hub.start(f"job_1703001234_abc{hubs.index(hub):03}")))
    samples = [news_of(hub.sample(5)) for hub in hubs]
    for _ in range(5):
        for sample in samples:
            tell(watcher, sample)
    assert sock.closed is None
    assert len(watcher._outbox) == 1200


async def test_who_is_too_slow_even_for_lifecycle_messages_is_closed_with_1013() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    watcher.pause()
    weight = 0
    for number in range(10_000):
        news = news_of(
            hub.start(f"job_{1703001234 + number}_abc123"), hub.fail(Code.DEVICE_REFUSED)
        )
        weight += sum(len(each.parcel.data) for each in news if each.job is not None)
        tell(watcher, news)
        if sock.closed:
            break
    assert sock.closed == 1013
    assert MAX_WEIGHT < weight < MAX_WEIGHT + 2000
    assert not watcher._outbox, "and what waited is let go of"


async def test_a_large_snapshot_alone_does_not_make_a_client_too_slow() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    replay = [
        news
        for number in range(2000)
        for news in news_of(hub.start(f"job_{1703001234 + number}_abc123"))
    ]
    watcher.pause()
    watcher.welcome(replay)
    assert watcher._outbox.weight > MAX_WEIGHT
    assert sock.closed is None
    watcher.resume()
    assert len(sock.messages) == 2000


async def test_an_interval_thins_samples_and_no_event_overtakes_its_sample() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    watcher.follow(Subscribe(min_interval=60_000), [])
    tell(watcher, news_of(hub.start(JOB)))
    for done in range(1, 50):
        tell(watcher, news_of(hub.sample(done)))
    assert sock.types == ["started", "progress"], "the first sample passes at once"
    tell(watcher, news_of(hub.pause()))
    assert sock.types == ["started", "progress", "progress", "paused"]
    assert sock.messages[2]["bytesTransferred"] == 49
    tell(watcher, news_of(hub.resume(), hub.sample(60)))
    watcher.follow(Subscribe(), [])
    assert sock.messages[-1]["bytesTransferred"] == 60, "and nothing is lost by a later wish"
    watcher.stop()


async def test_what_an_interval_held_back_goes_out_when_it_is_over() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    watcher.follow(Subscribe(min_interval=20), [])
    tell(watcher, news_of(hub.start(JOB)))
    tell(watcher, news_of(hub.sample(1), hub.sample(2), hub.sample(3)))
    await until(lambda: sock.types == ["started", "progress", "progress"])
    assert sock.messages[-1]["bytesTransferred"] == 3
    watcher.stop()


async def test_an_interval_is_never_longer_than_a_minute() -> None:
    watcher, _ = paper_watcher()
    watcher.follow(Subscribe(min_interval=2**53 - 1), [])
    assert watcher._pace is not None
    assert watcher._pace._interval == watching.LONGEST_INTERVAL / 1000


async def test_nothing_is_written_to_a_socket_after_the_end() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    watcher.follow(Subscribe(min_interval=10), [])
    tell(watcher, news_of(hub.start(JOB)))
    tell(watcher, news_of(hub.sample(1), hub.sample(2)))
    watcher.stop()
    before = sock.data
    await asyncio.sleep(0.03)
    assert sock.data == before
