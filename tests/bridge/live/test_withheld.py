"""What a wish kept from a browser: told when it is wanted again, as far as it was missed."""

from __future__ import annotations

from flashyard_bridge.live.watcher import MAX_WEIGHT
from flashyard_bridge.live.withheld import MAX_ENDS
from flashyard_bridge.live.words import Subscribe
from support.hub_script import HubScript
from support.paper_socket import news_of, paper_watcher, tell

JOB = "job_1703001234_abc123"
OTHER = "job_1703001235_abc123"


async def test_a_job_that_comes_into_view_later_is_told_from_its_beginning() -> None:
    hub, other = HubScript(), HubScript(device_id="OTHER")
    watcher, sock = paper_watcher()
    watcher.follow(Subscribe(device_ids=frozenset({"PIXEL6_001"})), [])
    tell(watcher, news_of(hub.start(JOB), other.start(OTHER)))
    tell(watcher, news_of(other.sample(5), other.sample(6)))
    assert sock.types == ["started"]
    watcher.follow(Subscribe(), [])
    assert [m["jobId"] for m in sock.messages] == [JOB, OTHER, OTHER], "none of them twice"
    assert sock.messages[-1]["bytesTransferred"] == 6, "and only the newest sample"
    tell(watcher, news_of(other.sample(9)))
    assert sock.types == ["started", "started", "progress", "progress"]


async def test_a_job_that_began_and_ended_out_of_view_is_forgotten() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    watcher.follow(Subscribe(job_ids=frozenset()), [])
    tell(watcher, news_of(hub.start(JOB), hub.complete()))
    watcher.follow(Subscribe(), [])
    assert sock.types == []


async def test_a_job_that_was_seen_and_ended_out_of_view_is_told_as_ended_when_wanted_again() -> (
    None
):
    hub, (watcher, sock) = HubScript(), paper_watcher()
    tell(watcher, present := news_of(hub.start(JOB)))
    watcher.follow(Subscribe(job_ids=frozenset()), present)
    tell(watcher, news_of(hub.sample(10), hub.sample(20), hub.pause(), hub.resume()))
    tell(watcher, news_of(hub.complete()))
    assert sock.types == ["started"]
    watcher.follow(Subscribe(device_ids=frozenset({"ELSEWHERE"})), [])
    assert sock.types == ["started"], "another wish that does not want it either"
    watcher.follow(Subscribe(), [])
    assert sock.types == ["started", "paused", "resumed", "progress", "completed"]
    assert sock.messages[3]["progress"] == 100.0
    watcher.follow(Subscribe(), [])
    assert len(sock.types) == 5, "once"


async def test_a_waiting_job_that_began_and_ended_out_of_view_was_seen_all_the_same() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    tell(watcher, present := news_of(hub.queue(JOB)))
    watcher.follow(Subscribe(job_ids=frozenset()), present)
    tell(watcher, news_of(hub.start(JOB), hub.fail()))
    watcher.follow(Subscribe(), [])
    assert sock.types == ["queued", "started", "failed"]


async def test_of_jobs_that_ended_out_of_view_only_so_many_are_kept() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    ids = [f"job_{1703001234 + number}_abc123" for number in range(MAX_ENDS + 5)]
    stories = [(news_of(hub.start(job)), news_of(hub.fail())) for job in ids]
    present = [news for opening, _ in stories for news in opening]
    tell(watcher, present)
    watcher.follow(Subscribe(job_ids=frozenset()), present)
    for _, end in stories:
        tell(watcher, end)
    watcher.follow(Subscribe(), [])
    assert [m["jobId"] for m in sock.messages if m["type"] == "flash_failed"] == ids[5:]


async def test_a_wide_wish_over_a_large_fleet_does_not_make_a_client_too_slow() -> None:
    hub, (watcher, sock) = HubScript(), paper_watcher()
    watcher.follow(Subscribe(job_ids=frozenset()), [])
    for number in range(2000):
        tell(watcher, news_of(hub.start(f"job_{1703001234 + number}_abc123")))
    watcher.pause()
    watcher.follow(Subscribe(), [])
    assert watcher._outbox.weight > MAX_WEIGHT
    assert sock.closed is None
    watcher.resume()
    assert len(sock.messages) == 2000
