"""MQTT 3.1.1, 4.8: whatever a client sends, the broker lives, lets it go, and serves the rest."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AsyncExitStack, suppress
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashyard.endpoint import Endpoint
from flashyard_broker.server import EmbeddedBroker
from support.conversation import subscribed, take, tell
from support.mutated_mqtt import Attempt, attempts
from support.raw_mqtt import RawMqtt, client, dialled
from support.waiting import until

TOGETHER = 20  # connections at a time


class Siege:
    """A broker under attack, and two clients of it that have nothing to do with that."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._broker = EmbeddedBroker([Endpoint("127.0.0.1", 0)])
        self._port = self._files = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._complaints: list[dict[str, Any]] = []
        self._telling: RawMqtt
        self._listening: RawMqtt

    async def begin(self) -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: self._complaints.append(context)
        )
        await self._stack.enter_async_context(self._broker)
        self._port = self._broker.addresses[0].port
        self._telling = await self._stack.enter_async_context(client(self._port, "by-telling"))
        self._listening = await self._stack.enter_async_context(client(self._port, "by-listening"))
        await subscribed(self._listening, "bystander/+", qos=1)
        self._files = psutil.Process().num_fds()
        self._tasks = asyncio.all_tasks() - {_this_task()}

    async def storm(self, batch: list[Attempt]) -> None:
        """Make all attempts at once, and see that the bystanders are served."""
        await asyncio.gather(
            *(self._make(attempt, f"mad{number}") for number, attempt in enumerate(batch))
        )
        await tell(self._telling, "bystander/event", b"served", qos=1)
        assert [message.payload for message in await take(self._listening, 1)] == [b"served"]
        assert not self._complaints

    async def end(self) -> None:
        """See that nothing is left of the attackers."""
        await until(lambda: self._broker.holdings().clients == 2)
        await until(lambda: asyncio.all_tasks() - {_this_task()} == self._tasks)
        # Fewer, where the process let go of something older meanwhile.
        await until(lambda: psutil.Process().num_fds() <= self._files)
        assert await self._listening.silent() == []
        await self._stack.aclose()
        gc.collect()  # a task that nobody asked for its exception tells it now
        assert not self._complaints

    async def _make(self, attempt: Attempt, client_id: str) -> None:
        """Say everything, hang up halfway, and wait for the broker to do the same."""
        async with dialled(self._port) as raw:
            with suppress(OSError):  # the broker may have heard enough
                for piece in attempt.pieces(client_id):
                    await raw.send(piece)
                    await asyncio.sleep(0)  # the broker's turn
                raw.writer.write_eof()
            await raw.closed()


def _this_task() -> asyncio.Task[Any] | None:
    return asyncio.current_task()


def besiege(packets: int) -> None:
    with asyncio.Runner() as runner:
        siege = Siege()
        runner.run(siege.begin())

        @settings(
            max_examples=packets // TOGETHER,
            derandomize=True,  # the same packets in each run
            database=None,
            suppress_health_check=list(HealthCheck),  # a batch is large on purpose
        )
        @given(st.lists(attempts(), min_size=TOGETHER, max_size=TOGETHER))
        def storm(batch: list[Attempt]) -> None:
            runner.run(siege.storm(batch))

        storm()
        runner.run(siege.end())


def test_hundreds_of_strange_packets_leave_no_trace() -> None:
    besiege(packets=300)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_twenty_thousand_strange_packets_leave_no_trace() -> None:
    besiege(packets=20_000)
