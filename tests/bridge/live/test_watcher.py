"""One browser's view: what it asked to see, at its own pace, and how far behind it may fall."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from flashyard.contract.faults import Code
from flashyard.contract.tracked import Frame
from flashyard_bridge.live import watcher as watching
from flashyard_bridge.live.news import News
from flashyard_bridge.live.watcher import MAX_WEIGHT, Watcher
from flashyard_bridge.live.withheld import MAX_ENDS
from flashyard_bridge.live.words import Subscribe
from support.hub_script import HubScript, Published
from support.raw_websocket import texts
from support.waiting import until

JOB = "job_1703001234_abc123"
OTHER = "job_1703001235_abc123"


class _Socket:
    """Takes what is written, all of it or only until it says stop."""

    def __init__(self) -> None:
        self.data = b""
        self.closed: int | None = None
        self.owner: Watcher

    def write(self, data: bytes) -> None:
        self.data += data

    def close(self, code: int, reason: str) -> None:
        assert reason
        self.closed = code
        self.owner.stop()

    @property
    def messages(self) -> list[dict[str, Any]]:
        return texts(self.data)

    @property
    def types(self) -> list[str]:
        return [message["type"].removeprefix("flash_") for message in self.messages]


def _watcher(only: str | None = None, number: int = 1) -> tuple[Watcher, _Socket]:
    sock = _Socket()
    sock.owner = watcher = Watcher(sock, only)
    watcher.number = number
    return watcher, sock


def _news(*said: Published | Iterable[Published], since: int = 0) -> list[News]:
    flat = [one for each in said for one in ([each] if isinstance(each, Published) else each)]
    return [
        News.of(Frame(one.report, one.payload), since) for one in flat if one.topic.kind != "record"
    ]


def _tell(watcher: Watcher, news: list[News]) -> None:
    joined = b"".join(each.parcel.data for each in news if each.job is not None)
    watcher.deliver(news, joined)


async def test_who_asked_for_nothing_gets_all_of_all_jobs_and_no_records() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    _tell(watcher, _news(hub.presence(), hub.start(JOB)))
    _tell(watcher, _news(hub.sample(10), hub.complete()))
    assert sock.types == ["started", "progress", "progress", "completed"]


async def test_changes_are_for_those_who_asked_for_them() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    watcher.follow(Subscribe(changes=True), [])
    _tell(watcher, _news(hub.presence(), hub.start(JOB)))
    assert sock.types == ["hub_changed", "started", "device_changed"]


async def test_a_path_of_one_job_carries_that_job_alone() -> None:
    hub, other = HubScript(), HubScript(device_id="OTHER")
    watcher, sock = _watcher(only=JOB)
    watcher.follow(Subscribe(changes=True), [])
    _tell(watcher, _news(other.start(OTHER), hub.start(JOB), other.complete(), hub.fail()))
    assert {message["jobId"] for message in sock.messages} == {JOB}
    assert sock.types == ["started", "failed"]


async def test_a_job_that_comes_into_view_later_is_told_from_its_beginning() -> None:
    hub, other = HubScript(), HubScript(device_id="OTHER")
    watcher, sock = _watcher()
    watcher.follow(Subscribe(device_ids=frozenset({"PIXEL6_001"})), [])
    _tell(watcher, _news(hub.start(JOB), other.start(OTHER)))
    _tell(watcher, _news(other.sample(5), other.sample(6)))
    assert sock.types == ["started"]
    watcher.follow(Subscribe(), [])
    assert [m["jobId"] for m in sock.messages] == [JOB, OTHER, OTHER], "none of them twice"
    assert sock.messages[-1]["bytesTransferred"] == 6, "and only the newest sample"
    _tell(watcher, _news(other.sample(9)))
    assert sock.types == ["started", "started", "progress", "progress"]


async def test_a_job_that_began_and_ended_out_of_view_is_forgotten() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    watcher.follow(Subscribe(job_ids=frozenset()), [])
    _tell(watcher, _news(hub.start(JOB), hub.complete()))
    watcher.follow(Subscribe(), [])
    assert sock.types == []


async def test_a_job_that_was_seen_and_ended_out_of_view_is_told_as_ended_when_wanted_again() -> (
    None
):
    hub, (watcher, sock) = HubScript(), _watcher()
    _tell(watcher, present := _news(hub.start(JOB)))
    watcher.follow(Subscribe(job_ids=frozenset()), present)
    _tell(watcher, _news(hub.sample(10), hub.sample(20), hub.pause(), hub.resume()))
    _tell(watcher, _news(hub.complete()))
    assert sock.types == ["started"]
    watcher.follow(Subscribe(device_ids=frozenset({"ELSEWHERE"})), [])
    assert sock.types == ["started"], "another wish that does not want it either"
    watcher.follow(Subscribe(), [])
    assert sock.types == ["started", "paused", "resumed", "progress", "completed"]
    assert sock.messages[3]["progress"] == 100.0
    watcher.follow(Subscribe(), [])
    assert len(sock.types) == 5, "once"


async def test_a_waiting_job_that_began_and_ended_out_of_view_was_seen_all_the_same() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    _tell(watcher, present := _news(hub.queue(JOB)))
    watcher.follow(Subscribe(job_ids=frozenset()), present)
    _tell(watcher, _news(hub.start(JOB), hub.fail()))
    watcher.follow(Subscribe(), [])
    assert sock.types == ["queued", "started", "failed"]


async def test_of_jobs_that_ended_out_of_view_only_so_many_are_kept() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    ids = [f"job_{1703001234 + number}_abc123" for number in range(MAX_ENDS + 5)]
    stories = [(_news(hub.start(job)), _news(hub.fail())) for job in ids]
    present = [news for opening, _ in stories for news in opening]
    _tell(watcher, present)
    watcher.follow(Subscribe(job_ids=frozenset()), present)
    for _, end in stories:
        _tell(watcher, end)
    watcher.follow(Subscribe(), [])
    assert [m["jobId"] for m in sock.messages if m["type"] == "flash_failed"] == ids[5:]


async def test_a_wide_wish_over_a_large_fleet_does_not_make_a_client_too_slow() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    watcher.follow(Subscribe(job_ids=frozenset()), [])
    for number in range(2000):
        _tell(watcher, _news(hub.start(f"job_{1703001234 + number}_abc123")))
    watcher.pause()
    watcher.follow(Subscribe(), [])
    assert watcher._outbox.weight > MAX_WEIGHT
    assert sock.closed is None
    watcher.resume()
    assert len(sock.messages) == 2000


async def test_connections_from_before_a_revival_hear_no_more_of_that_job() -> None:
    hub, (watcher, sock) = HubScript(), _watcher(number=3)
    watcher.deliver(_news(hub.start(JOB), since=3), None)
    watcher.deliver(_news(hub.start(OTHER), since=2), None)
    assert [message["jobId"] for message in sock.messages] == [OTHER]


async def test_a_paused_socket_gets_on_resume_the_newest_of_each_job_in_order() -> None:
    hub, other = HubScript(), HubScript(device_id="OTHER")
    watcher, sock = _watcher()
    _tell(watcher, _news(hub.start(JOB), other.start(OTHER)))
    watcher.pause()
    for done in range(1, 500):
        _tell(watcher, _news(hub.sample(done), other.sample(done)))
    _tell(watcher, _news(other.complete()))
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
    watcher, sock = _watcher()
    watcher.pause()
    for hub in hubs:
        _tell(watcher, _news(hub.start(f"job_1703001234_abc{hubs.index(hub):03}")))
    samples = [_news(hub.sample(5)) for hub in hubs]
    for _ in range(5):
        for sample in samples:
            _tell(watcher, sample)
    assert sock.closed is None
    assert len(watcher._outbox) == 1200


async def test_who_is_too_slow_even_for_lifecycle_messages_is_closed_with_1013() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    watcher.pause()
    weight = 0
    for number in range(10_000):
        news = _news(hub.start(f"job_{1703001234 + number}_abc123"), hub.fail(Code.DEVICE_REFUSED))
        weight += sum(len(each.parcel.data) for each in news if each.job is not None)
        _tell(watcher, news)
        if sock.closed:
            break
    assert sock.closed == 1013
    assert MAX_WEIGHT < weight < MAX_WEIGHT + 2000
    assert not watcher._outbox, "and what waited is let go of"


async def test_a_large_snapshot_alone_does_not_make_a_client_too_slow() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    replay = [
        news
        for number in range(2000)
        for news in _news(hub.start(f"job_{1703001234 + number}_abc123"))
    ]
    watcher.pause()
    watcher.welcome(replay)
    assert watcher._outbox.weight > MAX_WEIGHT
    assert sock.closed is None
    watcher.resume()
    assert len(sock.messages) == 2000


async def test_an_interval_thins_samples_and_no_event_overtakes_its_sample() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    watcher.follow(Subscribe(min_interval=60_000), [])
    _tell(watcher, _news(hub.start(JOB)))
    for done in range(1, 50):
        _tell(watcher, _news(hub.sample(done)))
    assert sock.types == ["started", "progress"], "the first sample passes at once"
    _tell(watcher, _news(hub.pause()))
    assert sock.types == ["started", "progress", "progress", "paused"]
    assert sock.messages[2]["bytesTransferred"] == 49
    _tell(watcher, _news(hub.resume(), hub.sample(60)))
    watcher.follow(Subscribe(), [])
    assert sock.messages[-1]["bytesTransferred"] == 60, "and nothing is lost by a later wish"
    watcher.stop()


async def test_what_an_interval_held_back_goes_out_when_it_is_over() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    watcher.follow(Subscribe(min_interval=20), [])
    _tell(watcher, _news(hub.start(JOB)))
    _tell(watcher, _news(hub.sample(1), hub.sample(2), hub.sample(3)))
    await until(lambda: sock.types == ["started", "progress", "progress"])
    assert sock.messages[-1]["bytesTransferred"] == 3
    watcher.stop()


async def test_an_interval_is_never_longer_than_a_minute() -> None:
    watcher, _ = _watcher()
    watcher.follow(Subscribe(min_interval=2**53 - 1), [])
    assert watcher._pace is not None
    assert watcher._pace._interval == watching.LONGEST_INTERVAL / 1000


async def test_nothing_is_written_to_a_socket_after_the_end() -> None:
    hub, (watcher, sock) = HubScript(), _watcher()
    watcher.follow(Subscribe(min_interval=10), [])
    _tell(watcher, _news(hub.start(JOB)))
    _tell(watcher, _news(hub.sample(1), hub.sample(2)))
    watcher.stop()
    before = sock.data
    await asyncio.sleep(0.03)
    assert sock.data == before
