"""The originals' messages over a real WebSocket: their fields, order and units, and its manners."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from support.drop_in import MIB, ONEPLUS, PATH, PIXEL, SAMSUNG, DropIn, pinged, story
from support.raw_websocket import RawWebSocket, close_frame, masked

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRACE = 35_000_000  # bytes of the image whose trace of the originals we have
ADDED = {"hubId": str, "seq": int, "phase": str}
EVERY = {"type": str, "jobId": str, "deviceId": str, "timestamp": int}
FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "flash_queued": {"deviceName": str, "partition": str, "position": int, "totalBytes": int},
    "flash_started": {"deviceName": str, "partition": str, "stage": str, "totalBytes": int},
    "flash_progress": {
        "progress": (int, float),
        "stage": str,
        "bytesTransferred": int,
        "totalBytes": int,
        "transferSpeed": int,
        "estimatedTimeRemaining": int,
    },
    "flash_completed": {"verification": str},
    "flash_failed": {"error": str, "code": str, "hint": str, "deviceState": str},
}
MAY_LACK = {"hint", "deviceState", "verification"}


def assert_as_documented(message: dict[str, Any]) -> None:
    """Exactly the fields there are, each of its type; no null, NaN, string or negative number."""
    fields = EVERY | ADDED | FIELDS[message["type"]]
    assert set(message) <= set(fields), "a field nobody wrote down"
    assert set(fields) - MAY_LACK <= set(message)
    for name, value in message.items():
        assert not isinstance(value, bool), name
        if not isinstance(value, str):
            assert 0 <= value < math.inf, name
        assert isinstance(value, fields[name]), name
    if "progress" in message:
        assert message["progress"] <= 100
        assert round(message["progress"], 1) == message["progress"]
        assert message["bytesTransferred"] <= message["totalBytes"]


def types(told: list[dict[str, Any]]) -> list[str]:
    return [message["type"].removeprefix("flash_") for message in told]


def samples(told: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (message for message in told if message["type"] == "flash_progress")


# A job from its start to its end


async def test_a_job_is_told_as_the_originals_told_it_and_ends_at_one_100_percent(
    drop_in: DropIn,
) -> None:
    async with drop_in.watch() as socket:
        job_id = await drop_in.start(PIXEL, TRACE, partition="boot", reboot=True)
        told = await story(socket, job_id)
    await drop_in.until_back(PIXEL)
    for message in told:
        assert_as_documented(message)
        assert (message["jobId"], message["deviceId"]) == (job_id, PIXEL)
    first, *between, last = told
    assert (first["type"], first["stage"]) == ("flash_started", "Initializing")
    assert (first["deviceName"], first["totalBytes"]) == ("Google Pixel 6", TRACE)
    assert set(types(between)) == {"progress"}
    assert last["type"] == "flash_completed"
    assert [m["progress"] for m in between].count(100) == 1
    final = between[-1]
    assert (final["progress"], final["bytesTransferred"]) == (100, TRACE)
    assert (final["stage"], final["estimatedTimeRemaining"]) == ("Finalizing and rebooting", 0)
    assert "Flashing boot partition" in {m["stage"] for m in between}
    times = [m["timestamp"] for m in told]
    assert times == sorted(times)
    assert times[0] <= times[-1] - 1000, "the link gives 20 MiB a second"


async def test_progress_only_grows_and_comes_at_most_every_half_second(drop_in: DropIn) -> None:
    async with drop_in.watch() as socket:
        job_id = await drop_in.start(SAMSUNG, 2 * TRACE)
        told = await story(socket, job_id)
    done = [message["bytesTransferred"] for message in samples(told)]
    assert done == sorted(done)
    percent = [message["progress"] for message in samples(told)]
    assert percent == sorted(percent)
    assert [p for p in percent if 0 < p < 99.9], "it is seen to move before it is done"
    speeds = [message["transferSpeed"] for message in samples(told)]
    assert max(speeds) > MIB, "bytes a second"
    assert all(speed == 0 or speed >= 1 for speed in speeds)
    for before, after in pairwise(samples(told)):
        if after["seq"] == before["seq"]:  # else a phase or stage is new, which is told at once
            assert after["timestamp"] - before["timestamp"] >= 450
    seqs = [message["seq"] for message in told]
    assert seqs == sorted(seqs)


async def test_an_image_of_one_byte_has_a_start_a_100_percent_and_an_end(drop_in: DropIn) -> None:
    async with drop_in.watch() as socket:
        told = await story(socket, await drop_in.start(ONEPLUS, 1))
    for message in told:
        assert_as_documented(message)
    assert types(told)[0] == "started"
    assert types(told)[-2:] == ["progress", "completed"]
    assert told[-2]["progress"] == 100


async def test_a_cancelled_job_ends_as_failed_the_only_other_end_the_frontend_knows(
    drop_in: DropIn,
) -> None:
    async with drop_in.watch() as socket:
        job_id = await drop_in.start(PIXEL, 512 * MIB)
        await drop_in.until_moving(job_id)
        await drop_in.cancel(job_id)
        told = await story(socket, job_id)
    for message in told:
        assert_as_documented(message)
    assert (told[-1]["type"], told[-1]["code"]) == ("flash_failed", "cancelled")
    assert told[-1]["error"].endswith(".")
    assert 100 not in [message["progress"] for message in samples(told)]


async def test_a_waiting_job_is_told_as_queued_and_one_cancelled_there_never_starts(
    drop_in: DropIn,
) -> None:
    async with drop_in.watch() as socket:
        running = await drop_in.start(SAMSUNG, 512 * MIB)
        waiting, next_up = await drop_in.start(SAMSUNG), await drop_in.start(SAMSUNG)
        await drop_in.cancel(waiting, running)
        told = [*await story(socket, waiting), *await story(socket, next_up)]
    for message in told:
        assert_as_documented(message)
    assert types([m for m in told if m["jobId"] == waiting]) == ["queued", "failed"]
    after = types([m for m in told if m["jobId"] == next_up])
    assert (after[0], after[-1]) == ("started", "completed"), "its queueing was told before"


# Who comes late, and who wants less


async def test_who_comes_late_is_told_the_original_start_then_the_newest_progress(
    drop_in: DropIn,
) -> None:
    async with drop_in.watch() as early:
        job_id = await drop_in.start(PIXEL, TRACE)
        begun = json.loads(await early.recv())
        await drop_in.until_moving(job_id)
        with drop_in.standing_still():
            seen = await drop_in.job(job_id)
            late = await drop_in.watch()
            own = await drop_in.watch(f"/ws{PATH}/{job_id}")
        async with late, own:
            stories = [await story(socket, job_id) for socket in (late, own)]
            rest = await story(early, job_id)
    for told in stories:
        assert told[0] == begun, "with the time it had"
        assert types(told).count("started") == types(told).count("completed") == 1
        newest = told[1]
        assert newest["type"] == "flash_progress"
        assert newest["bytesTransferred"] >= seen["bytesTransferred"]
        live = rest.index(told[2])
        assert told[2:] == rest[live:], "then what all are told, once"
        missed = [m["bytesTransferred"] for m in samples(rest[:live])]
        assert max(missed, default=0) <= newest["bytesTransferred"], "and nothing between"


async def test_a_jobs_own_path_and_a_narrowed_view_hear_of_nothing_else(drop_in: DropIn) -> None:
    mine = await drop_in.start(PIXEL, 16 * MIB)
    with drop_in.standing_still():
        own, narrow = await drop_in.watch(f"/ws{PATH}/{mine}"), await drop_in.watch()
        assert types(await pinged(narrow))[0] == "started"
        await narrow.send(json.dumps({"type": "subscribe", "deviceIds": [ONEPLUS]}))
        await pinged(narrow)
    async with own, narrow:
        other = await drop_in.start(ONEPLUS)
        theirs = await story(narrow, other)
        assert theirs[-1]["type"] == "flash_completed"
        await drop_in.until_ended(mine)
        assert {m.get("jobId") for m in await pinged(own)} == {mine, None}
        assert types(await pinged(narrow)) == ["pong"]
        await narrow.send('{"type":"subscribe"}')
        assert types(await pinged(narrow))[-2:] == ["completed", "pong"], "no card stays open"


# What a client may say


async def test_a_ping_is_answered_at_once_with_its_own_timestamp(drop_in: DropIn) -> None:
    async with drop_in.watch() as socket:
        for said in ('{"type":"ping","timestamp":1703001234567}', '{"type":"ping"}'):
            await socket.send(said)
            told = json.loads(await socket.recv())
            assert told["type"] == "pong"
            assert isinstance(told["timestamp"], int)
            assert told.get("echo") == json.loads(said).get("timestamp")


BAD = [
    "{",
    "not json",
    "",
    "null",
    "[]",
    '"ping"',
    "17",
    '{"type":"unknown"}',
    '{"no":"type"}',
    '{"type":"flash_started","jobId":"mtk-flash-1","deviceId":"X","stage":"Initializing"}',
    '{"type":"flash_failed","jobId":"mtk-flash-1","error":"User cancelled operation"}',
    '{"type":"subscribe","minInterval":"fast"}',
    b'{"type":"ping"}',
    b"\x00\xff",
]


@pytest.mark.parametrize("said", BAD, ids=lambda said: repr(said)[:32])
async def test_anything_else_is_ignored_and_nobody_is_dropped_or_told(
    drop_in: DropIn, said: str | bytes
) -> None:
    async with drop_in.watch() as bystander, drop_in.watch() as socket:
        await socket.send(said)
        assert types(await pinged(socket)) == ["pong"]
        assert types(await pinged(bystander)) == ["pong"]


async def test_who_breaks_the_protocol_is_told_and_closed_and_nobody_else_is(
    drop_in: DropIn,
) -> None:
    async with drop_in.watch() as bystander, drop_in.watch() as loud:
        await loud.send("x" * 70_000)
        with pytest.raises(ConnectionClosed) as caught:
            await loud.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1009
        raw = RawWebSocket(drop_in.port)
        await raw.ask(PATH)
        await raw.frames(until=b"\r\n\r\n")
        await raw.send(masked(0x83, b"a frame of no known kind"))
        assert close_frame(1002)[2:] in await raw.to_end()
        assert types(await pinged(bystander)) == ["pong"]
