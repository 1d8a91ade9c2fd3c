"""A blocking call in a thread of its own, awaited from the event loop.

No pool: a call that hangs must neither keep others waiting nor the process from ending.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T], name: str) -> T:
    """Run a call in a new daemon thread; return or raise what it does.

    Cancelling the wait leaves the thread to itself: the call needs deadlines of its own.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return  # nobody waits any more
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # a T wherever there is no error

    def body() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = call()
        except BaseException as raised:  # noqa: BLE001 - carried over to the one who awaits
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            loop.call_soon_threadsafe(settle, result, error)

    Thread(target=contextvars.copy_context().run, args=(body,), name=name, daemon=True).start()
    return await done
