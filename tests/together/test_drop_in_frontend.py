"""The original frontend, unchanged: its hook's rules over a real WebSocket, its habits included."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from support.drop_in import DEMO, GIB, MIB, ONEPLUS, PATH, PIXEL, SAMSUNG, DropIn
from support.original_hook import Hook
from support.raw_websocket import RawWebSocket
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRACE = 35_000_000
VISITS = 400


@asynccontextmanager
async def page(drop_in: DropIn, hook: Hook, path: str = PATH) -> AsyncIterator[ClientConnection]:
    """Let a page run the hook on a connection; the hook, as in a browser, survives it."""

    async def read(socket: ClientConnection) -> None:
        try:
            async for text in socket:
                assert isinstance(text, str)
                hook.message(text)
        except ConnectionClosed:
            pass

    async with drop_in.watch(path) as socket:
        reading = asyncio.create_task(read(socket), name="a page")
        try:
            yield socket
        finally:
            await socket.close()
            await reading


def shown(hook: Hook, job_id: str) -> str:
    card = hook.cards.get(job_id)
    return card.shown() if card else ""


def is_over(hook: Hook, job_id: str) -> bool:
    return job_id in hook.cards and hook.cards[job_id].status in {"completed", "failed"}


def has_moved(hook: Hook, job_id: str) -> bool:
    return job_id in hook.cards and hook.cards[job_id].bytes_transferred > 0


async def test_a_page_that_was_there_shows_a_job_from_its_start_to_its_end(
    drop_in: DropIn,
) -> None:
    hook = Hook()
    async with page(drop_in, hook):
        job_id = await drop_in.start(PIXEL, TRACE, partition="boot", reboot=True)
        await until(lambda: "Flashing boot partition running" in shown(hook, job_id))
        card = hook.cards[job_id]
        assert (card.device_id, card.total_bytes) == (PIXEL, TRACE)
        await until(lambda: is_over(hook, job_id))
    await drop_in.until_back(PIXEL)
    assert shown(hook, job_id) == f"{PIXEL} 100.0% Completed completed"
    assert hook.toasts == [f"started {job_id}", f"completed {job_id}"]
    assert hook.warnings == [], "not a message it does not know"


async def test_a_page_opened_in_mid_flash_ends_with_the_right_cards(drop_in: DropIn) -> None:
    refused = await drop_in.start(ONEPLUS, MIB, partition="nowhere")
    await drop_in.until_ended(refused)
    cancelled, completes = await drop_in.start(SAMSUNG, GIB), await drop_in.start(PIXEL, TRACE)
    for job_id in (cancelled, completes):
        await drop_in.until_moving(job_id)
    hook = Hook()
    async with AsyncExitStack() as opened:
        with drop_in.standing_still():
            await opened.enter_async_context(page(drop_in, hook))
            await until(lambda: set(hook.cards) == {completes, cancelled})
        for job_id, card in hook.cards.items():
            assert card.started_at == (await drop_in.job(job_id))["startedAt"]
            assert card.bytes_transferred > 0
        await drop_in.cancel(cancelled)
        await until(lambda: is_over(hook, completes) and is_over(hook, cancelled))
    assert shown(hook, completes) == f"{PIXEL} 100.0% Completed completed"
    assert hook.cards[cancelled].status == "failed"
    assert hook.cards[cancelled].error
    assert refused not in hook.cards, "what ended before is no card, and no toast"
    assert len(hook.toasts) == 4


async def test_a_page_that_reloads_shows_what_rest_tells(drop_in: DropIn) -> None:
    job_id = await drop_in.start(SAMSUNG, GIB)
    for _ in range(3):
        told = await drop_in.until_moving(job_id)
        hook = Hook()
        async with page(drop_in, hook):
            await until(partial(has_moved, hook, job_id))
        card = hook.cards[job_id]
        assert card.bytes_transferred >= told["bytesTransferred"]
        assert card.progress >= told["progress"]
        assert (card.status, card.stage) == ("running", told["stage"])
    await drop_in.cancel(job_id)


async def test_waiting_jobs_are_no_card_until_they_begin_and_only_a_warning(
    drop_in: DropIn,
) -> None:
    hook = Hook()
    async with page(drop_in, hook):
        running = await drop_in.start(ONEPLUS, GIB)
        waiting = await drop_in.start(ONEPLUS, MIB)
        await until(lambda: hook.warnings == ["flash_queued"])
        assert waiting not in hook.cards
        await drop_in.cancel(running)
        await until(lambda: is_over(hook, waiting))
    assert shown(hook, waiting) == f"{ONEPLUS} 100.0% Completed completed"


async def test_a_page_of_one_job_hears_of_no_other(drop_in: DropIn) -> None:
    mine, other = await drop_in.start(PIXEL, GIB), await drop_in.start(SAMSUNG)
    hook = Hook()
    async with page(drop_in, hook, f"/ws{PATH}/{mine}"):
        await drop_in.until_ended(other)
        await drop_in.cancel(mine)
        await until(lambda: is_over(hook, mine))
    assert set(hook.cards) == {mine}
    assert hook.toasts == [f"started {mine}", f"failed {mine}"]


async def test_the_flashing_panels_own_messages_move_nobody(drop_in: DropIn) -> None:
    hook = Hook()
    async with page(drop_in, hook), page(drop_in, Hook()) as panel:
        for kind in ("started", "paused", "resumed", "failed"):
            said = {"type": f"flash_{kind}", "jobId": "mtk-flash-1", "deviceId": "X"}
            await panel.send(json.dumps({**said, "timestamp": 1}))
        job_id = await drop_in.start(PIXEL)
        await until(lambda: is_over(hook, job_id))
    assert set(hook.cards) == {job_id}


async def test_connecting_again_and_again_for_ever_does_no_harm(drop_in: DropIn) -> None:
    """Its other half: each new connection is preceded by a close, or by one that it aborts."""
    jobs = [await drop_in.start(device, GIB) for device, _ in DEMO]
    for job_id in jobs:
        await drop_in.until_moving(job_id)
    hook = Hook()
    await _visit(drop_in, hook, VISITS // 4)
    lines, memory = len(drop_in.log()), drop_in.bridge.memory_info().rss
    await _visit(drop_in, hook, VISITS)
    assert set(hook.cards) == set(jobs)
    for job_id, card in hook.cards.items():
        told = await drop_in.job(job_id)
        assert (card.status, card.started_at) == ("running", told["startedAt"])
        assert 0 < card.bytes_transferred <= told["bytesTransferred"]
    await drop_in.until_alone()
    assert drop_in.log()[lines:] == [], "not a line about those who come and go"
    assert drop_in.bridge.memory_info().rss - memory < 8 * MIB
    assert drop_in.bridge.num_fds() < 60
    async with page(drop_in, hook):
        await drop_in.cancel(*jobs)
        await until(lambda: all(is_over(hook, job_id) for job_id in jobs))


async def _visit(drop_in: DropIn, hook: Hook, times: int) -> None:
    for number in range(times):
        async with page(drop_in, hook):
            pass
        match number % 3:
            case 0:  # gone before it asked
                await _aborted(drop_in, b"")
            case 1:  # gone in the midst of asking
                await _aborted(drop_in, b"GET /flash-progress HTTP/1.1\r\nHost: 127")
            case 2:  # gone before it was answered
                raw = RawWebSocket(drop_in.port)
                await raw.ask(PATH)
                raw.reset()


async def _aborted(drop_in: DropIn, sent: bytes) -> None:
    raw = RawWebSocket(drop_in.port)
    await raw.send(sent)
    raw.reset()
