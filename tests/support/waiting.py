"""Waiting for a condition with a deadline: the tests' only way to let time pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], object], within: float = 15.0) -> None:
    """Return once the condition holds; fail after so many seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not condition():
        assert loop.time() < deadline, f"not within {within:g} s: {condition}"
        await asyncio.sleep(0.01)


async def until_told(ask: Callable[[], Awaitable[T | None]], within: float = 60.0) -> T:
    """Ask until the answer is a true one; return it."""
    async with asyncio.timeout(within):
        while True:
            if answer := await ask():
                return answer
            await asyncio.sleep(0.1)
