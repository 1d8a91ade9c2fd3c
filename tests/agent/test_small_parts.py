"""What the agent is built on: a bounded memory, threads that are awaited, ports."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event, current_thread

import pytest

from flashyard.agent.bounded import Bounded
from flashyard.agent.ports import configured
from flashyard.agent.threads import in_thread
from flashyard.settings import HubSettings, NetworkDevice


def test_a_bounded_memory_forgets_what_was_set_longest_ago() -> None:
    memory: Bounded[str, int] = Bounded(2)
    memory["a"], memory["b"] = 1, 2
    memory["a"] = 3
    memory["c"] = 4
    assert "b" not in memory
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (3, None, 4)


async def test_a_call_in_a_thread_returns_and_raises_here() -> None:
    assert await in_thread(lambda: current_thread().name, "worker") == "worker"
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0, "worker")


async def test_a_call_nobody_waits_for_any_more_ends_unheard() -> None:
    go, over = Event(), Event()

    def call() -> None:
        go.wait(10.0)
        over.set()
        raise ValueError("nobody is to hear this")

    task = asyncio.create_task(in_thread(call, "worker"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    assert await asyncio.to_thread(over.wait, 10.0)
    await asyncio.sleep(0)


def test_ports_are_what_the_operator_configured(tmp_path: Path) -> None:
    settings = HubSettings(
        broker="mqtt://127.0.0.1",
        data_dir=tmp_path,
        fastboot_tcp=(NetworkDevice.parse("ONE=127.0.0.1:5554"),),
        fastboot_udp=(NetworkDevice.parse("TWO=[::1]:5555"),),
    )
    assert [(port.device_id, str(port.address)) for port in configured(settings)] == [
        ("ONE", "tcp:127.0.0.1:5554"),
        ("TWO", "udp:[::1]:5555"),
    ]
