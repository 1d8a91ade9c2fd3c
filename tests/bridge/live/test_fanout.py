"""Who watches is told the present once and then what follows, with no gap and no duplicate."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from flashyard.contract.tracked import Frame
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.live.watcher import Watcher
from support.hub_script import HubScript, Published

JOB = "job_1703001234_abc123"


@dataclass
class _Socket:
    writes: list[bytes]

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self, code: int, reason: str) -> None:
        raise AssertionError(f"closed with {code}: {reason}")

    def count(self, kind: str) -> int:
        return b"".join(self.writes).count(f'"type":"{kind}"'.encode())


def _frames(said: Iterator[Published], *, revived: bool = False) -> list[Frame]:
    events = [one for one in said if one.topic.kind == "event"]
    return [Frame(one.report, one.payload, revived) for one in events]


class _Stage:
    """A live side whose snapshot is what was said so far, as a fleet's would be."""

    def __init__(self) -> None:
        self.past: list[Frame] = []
        self.live = Live(lambda: self.past, lambda: 5)
        self.hub = HubScript()

    def say(self, said: Iterator[Published], *, revived: bool = False) -> None:
        frames = _frames(said, revived=revived)
        self.past += frames
        self.live.publish(frames)

    def join(self) -> tuple[Watcher, _Socket]:
        sock = _Socket([])
        watcher = Watcher(sock, None, self.live.tally)
        self.live.join(watcher)
        return watcher, sock


async def _tick() -> None:
    await asyncio.sleep(0)


async def test_who_comes_before_the_first_picture_waits_for_it_with_pings_answered() -> None:
    stage = _Stage()
    watcher, sock = stage.join()
    stage.live.hear(watcher, b'{"type":"ping","timestamp":7}')
    assert b'{"type":"pong","timestamp":5,"echo":7}' in sock.writes.pop()
    stage.say(stage.hub.start(JOB))
    await _tick()
    assert sock.writes == []
    stage.live.begin()
    await _tick()
    assert sock.count("flash_started") == 1
    stage.say(stage.hub.complete())
    await _tick()
    assert sock.count("flash_completed") == 1


async def test_a_wish_of_one_who_waits_narrows_the_snapshot_too() -> None:
    stage = _Stage()
    watcher, sock = stage.join()
    stage.live.hear(watcher, b'{"type":"subscribe","hubIds":["elsewhere"]}')
    stage.say(stage.hub.start(JOB))
    stage.live.begin()
    assert sock.writes == []
    stage.live.hear(watcher, b'{"type":"subscribe"}')
    assert sock.count("flash_started") == 1


async def test_joining_between_a_message_and_its_sending_neither_doubles_nor_misses_it() -> None:
    stage = _Stage()
    stage.live.begin()
    _, early = stage.join()
    stage.say(stage.hub.start(JOB))  # not sent yet: that happens at the end of the tick
    _, late = stage.join()
    stage.say(stage.hub.complete())
    await _tick()
    for sock in (early, late):
        assert sock.count("flash_started") == sock.count("flash_completed") == 1


async def test_what_gathers_in_one_tick_is_one_write_of_the_same_bytes_for_all() -> None:
    stage = _Stage()
    stage.live.begin()
    socks = [stage.join()[1] for _ in range(3)]
    stage.say(stage.hub.start(JOB))
    stage.say(stage.hub.complete())
    await _tick()
    for sock in socks:
        [written] = sock.writes
        assert written is socks[0].writes[0], "joined once, for everyone"
    messages = len(stage.past)
    assert (stage.live.tally.messages, stage.live.tally.sent) == (messages, 3 * messages)


async def test_what_waited_for_a_slow_one_is_counted_once_it_is_sent() -> None:
    stage = _Stage()
    stage.live.begin()
    watcher, sock = stage.join()
    watcher.pause()
    stage.say(stage.hub.start(JOB))
    await _tick()
    assert stage.live.tally.sent == 0
    watcher.resume()
    assert stage.live.tally.sent == len(stage.past) > 0
    assert sock.count("flash_started") == 1


async def test_who_has_left_is_told_nothing_more() -> None:
    stage = _Stage()
    stage.live.begin()
    watcher, sock = stage.join()
    stage.live.leave(watcher)
    stage.say(stage.hub.start(JOB))
    await _tick()
    assert sock.writes == []
    assert stage.live.connected == 0


async def test_one_who_leaves_while_messages_go_out_disturbs_nobody() -> None:
    stage = _Stage()
    stage.live.begin()
    leaver, first = stage.join()
    _, second = stage.join()
    first.write = lambda _data: stage.live.leave(leaver)  # type: ignore[method-assign, assignment]
    stage.say(stage.hub.start(JOB))
    await _tick()
    assert second.count("flash_started") == 1


async def test_a_job_given_up_and_back_is_told_only_to_connections_made_since() -> None:
    stage = _Stage()
    stage.live.begin()
    _, before = stage.join()
    stage.say(stage.hub.start(JOB))
    await _tick()
    told = len(before.writes)
    stage.say(stage.hub.pause(), revived=True)
    _, since = stage.join()
    stage.say(stage.hub.resume(), revived=True)
    stage.say(stage.hub.complete(), revived=True)
    await _tick()
    assert len(before.writes) == told
    assert since.count("flash_resumed") == since.count("flash_completed") == 1
    assert stage.live._revived == {}, "and forgotten with its end"


async def test_what_is_no_word_is_refused() -> None:
    stage = _Stage()
    watcher, _ = stage.join()
    with pytest.raises(ValueError, match="flash_started"):
        stage.live.hear(watcher, b'{"type":"flash_started"}')
