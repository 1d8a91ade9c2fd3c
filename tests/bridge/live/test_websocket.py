"""One WebSocket connection over a real socket: its manners, whatever the other side does."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from flashyard_bridge.live.pulse import Pulse
from support.hub_script import TOTAL
from support.live_server import (
    PATH,
    LiveServer,
    everything,
    heard,
    heard_until,
    live_server,
)
from support.raw_websocket import close_frame, masked
from support.waiting import until

JOB = "job_1703001234_abc123"
OTHER = "job_1703001235_abc123"


@pytest.fixture
async def served() -> AsyncIterator[LiveServer]:
    async with live_server() as server:
        yield server


async def _closed(client: ClientConnection) -> tuple[int, str]:
    """Wait for the server's close; return its code and reason."""
    with pytest.raises(ConnectionClosed) as caught:
        await heard(client, 1_000_000)
    assert caught.value.rcvd is not None, "closed without a close frame"
    return caught.value.rcvd.code, caught.value.rcvd.reason


async def test_a_whole_story_arrives_in_order_with_the_documented_fields(
    served: LiveServer,
) -> None:
    client = await served.watch()
    served.say(served.hub.start(JOB))
    served.say(served.hub.sample(TOTAL // 2))
    served.say(served.hub.complete())
    story = await heard_until(client, "flash_completed")
    assert [m["type"] for m in story] == [
        "flash_started",
        "flash_progress",
        "flash_progress",
        "flash_completed",
    ]
    assert {"jobId", "deviceId", "deviceName", "stage", "totalBytes", "timestamp"} <= set(story[0])
    assert {
        "jobId",
        "deviceId",
        "progress",
        "stage",
        "bytesTransferred",
        "totalBytes",
        "transferSpeed",
        "estimatedTimeRemaining",
        "timestamp",
    } <= set(story[1])
    assert story[2]["progress"] == 100.0


async def test_the_snapshot_is_opening_newest_progress_and_paused_with_the_original_time(
    served: LiveServer,
) -> None:
    began = served.hub.now
    served.say(served.hub.start(JOB))
    served.hub.now += 60_000
    for done in (1, 2, 3):
        served.say(served.hub.sample(done * 1000))
    served.say(served.hub.pause())
    served.say(served.hub.queue(OTHER))
    client = await served.watch()
    started, progress, paused, queued = await heard(client, 4)
    assert (started["type"], started["timestamp"]) == ("flash_started", began)
    assert (progress["type"], progress["bytesTransferred"]) == ("flash_progress", 3000)
    assert paused["type"] == "flash_paused"
    assert (queued["type"], queued["jobId"]) == ("flash_queued", OTHER)
    served.say(served.hub.resume())
    [resumed] = await heard(client, 1)
    assert resumed["type"] == "flash_resumed"


async def test_a_jobs_own_path_tells_of_that_job_alone(served: LiveServer) -> None:
    served.say(served.hub.start(JOB))
    served.say(served.hub.queue(OTHER))
    client = await served.watch(f"{PATH}/{OTHER}")
    served.say(served.hub.sample(1000))
    assert {message["jobId"] for message in await everything(client)} == {OTHER}


async def test_subscribe_narrows_what_follows(served: LiveServer) -> None:
    client = await served.watch()
    await client.send(json.dumps({"type": "subscribe", "jobIds": [OTHER], "changes": True}))
    await everything(client)
    served.say(served.hub.start(JOB))
    served.say(served.hub.sample(1000))
    messages = await everything(client)
    assert {message["type"] for message in messages} == {"device_changed"}
    device = messages[-1]["device"]
    assert device["currentJob"]["jobId"] == JOB
    assert "queue" not in device
    assert "recent" not in device


async def test_a_ping_is_answered_with_its_own_timestamp(served: LiveServer) -> None:
    client = await served.watch()
    await client.send('{"type":"ping","timestamp":1703001234567}')
    await client.send('{"type":"ping"}')
    assert await heard(client, 2) == [
        {"type": "pong", "timestamp": served.hub.now, "echo": 1703001234567},
        {"type": "pong", "timestamp": served.hub.now},
    ]


NO_WORDS: tuple[str | bytes, ...] = (
    "{",
    "",
    "null",
    "[1,2]",
    "17",
    '"ping"',
    '{"type":"pong"}',
    '{"type":"flash_failed","jobId":"mtk-flash-1","error":"User cancelled operation"}',
    '{"type":"subscribe","deviceIds":17}',
    "[" * 60_000,
    b'{"type":"ping"}',
    b"\x00\xff",
)


async def test_anything_else_is_ignored_and_the_connection_kept(
    served: LiveServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for said in NO_WORDS:
        caplog.clear()
        client = await served.watch()
        for _ in range(3):
            await client.send(said)
        assert await everything(client) == [], said
        ours = [record for record in caplog.records if "ignored" in record.getMessage()]
        assert len(ours) == 1, "logged once a connection"


async def test_a_message_in_pieces_is_put_together(served: LiveServer) -> None:
    client = await served.watch()
    await client.send(['{"type":', '"ping","time', 'stamp":5}'])
    assert await heard(client, 1) == [{"type": "pong", "timestamp": served.hub.now, "echo": 5}]
    await client.send([b'{"type":', b'"ping"}'])
    assert await everything(client) == []


async def test_text_that_is_not_utf8_is_ignored(served: LiveServer) -> None:
    client = await served.watch()
    await client.send(b'{"type":"ping","x":"\xff"}', text=True)
    assert await everything(client) == []


@pytest.mark.parametrize("size", [64 * 1024 + 1, 4 * 1024 * 1024])
async def test_a_frame_over_64_kib_closes_with_1009(served: LiveServer, size: int) -> None:
    raw = await served.stall()
    # Refused by its header, while the rest is still on its way: that must not reset the answer.
    await raw.send(masked(0x81, b"x" * size))
    assert close_frame(1009)[2:] in await raw.to_end()


async def test_a_message_over_64_kib_in_pieces_closes_with_1009(served: LiveServer) -> None:
    client = await served.watch()
    await client.send(["x" * 40_000, "x" * 40_000])
    assert (await _closed(client))[0] == 1009


async def test_a_frame_of_exactly_64_kib_is_taken(served: LiveServer) -> None:
    client = await served.watch()
    await client.send('{"type":"ping","x":"%s"}' % ("x" * (65_536 - 22)))
    assert len(await heard(client, 1)) == 1


async def test_a_protocol_error_closes_with_1002(served: LiveServer) -> None:
    raw = await served.stall()
    await raw.send(b"\x81\x02{}")  # not masked, as a browser's must be
    assert (await raw.to_end()).endswith(close_frame(1002, b"incorrect masking"))
    assert served.live.connected == 0


async def test_a_browsers_close_is_echoed_once_and_the_connection_forgotten(
    served: LiveServer,
) -> None:
    raw = await served.stall()
    await raw.send(masked(0x88, (1001).to_bytes(2)))
    assert (await raw.to_end()).partition(b"\r\n\r\n")[2] == close_frame(1001)
    await until(lambda: served.live.connected == 0 and not served.server.server_state.connections)


async def test_a_bridge_that_stops_says_so_with_1012() -> None:
    async with live_server() as served:
        client = await served.watch()
        await everything(client)
        served.server.should_exit = True
        assert await _closed(client) == (1012, "flashyard stops")


async def test_a_bridge_that_stops_does_not_wait_for_a_browser_that_answers_nothing() -> None:
    async with live_server() as served:
        raw = await served.stall()
        served.server.should_exit = True
    assert not served.server.server_state.connections
    raw.close()


async def test_a_peer_that_is_gone_without_a_word_is_dropped() -> None:
    async with live_server(ping_after=0.05, pong_within=0.05) as served:
        raw = await served.stall()
        await until(lambda: served.live.connected == 0)
        raw.close()


async def test_a_browser_that_only_answers_pings_stays() -> None:
    async with live_server(ping_after=0.05, pong_within=1.0) as served:
        client = await served.watch()
        await everything(client)
        [connection] = served.server.server_state.connections
        beats: list[float] = []
        pulse: Pulse = connection._pulse  # type: ignore[union-attr]  # it is ours
        beat = pulse.beat

        def counted() -> None:
            beats.append(0)
            beat()

        pulse.beat = counted  # type: ignore[method-assign]
        await until(lambda: len(beats) >= 2)
        assert served.live.connected == 1
