from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path

import pytest

from flashyard.client.readiness import readiness
from flashyard.client.unreachable import UnreachableError
from support.broker_process import free_port
from support.rig import Rig
from support.served import served_bridge

WITHIN = 10.0


@pytest.mark.asyncio(loop_scope="module")
async def test_a_bridge_says_whether_it_is_ready_and_what_time_it_is(rig: Rig) -> None:
    answer = await readiness(f"{rig.http.base_url}/", WITHIN)
    assert answer.ok
    assert abs(answer.ahead_ms) <= answer.within_ms + 1
    behind = await readiness(str(rig.http.base_url), WITHIN, lambda: time.time() - 60)
    assert abs(behind.ahead_ms + 60_000) <= behind.within_ms + 1


@pytest.mark.asyncio(loop_scope="module")
async def test_half_the_round_trip_is_the_doubt(rig: Rig) -> None:
    clock = itertools.count(1000, 4)
    answer = await readiness(str(rig.http.base_url), WITHIN, lambda: next(clock))
    assert answer.within_ms == 2000


async def test_a_bridge_without_its_first_picture_answers_and_is_not_ready(
    tmp_path: Path,
) -> None:
    async with served_bridge(f"mqtt://127.0.0.1:{free_port()}", tmp_path) as bridge:
        assert not (await readiness(str(bridge.http.base_url), WITHIN)).ok


async def test_where_nobody_is_or_somebody_else_it_says_so() -> None:
    with pytest.raises(UnreachableError, match="cannot be reached: Connection refused"):
        await readiness(f"http://127.0.0.1:{free_port()}", WITHIN)

    async def teapot(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 418 Teapot\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(teapot, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(UnreachableError, match="answers 418 to /api/v1/ready as no bridge"):
            await readiness(f"http://127.0.0.1:{port}", WITHIN)
