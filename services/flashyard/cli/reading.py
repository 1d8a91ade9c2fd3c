"""Work that reads for a while, in a thread that ends soon where nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from flashyard.contract.faults import Code, refuse

T = TypeVar("T")
Advance = Callable[[int], None]  # is told of so many more bytes


async def read_through(work: Callable[[Advance], T], advance: Advance) -> T:
    """Have ``work`` done; ``advance`` is told, through it, of so many more bytes."""
    given_up = Event()

    def went(more: int) -> None:
        if given_up.is_set():
            raise refuse(Code.CANCELLED)
        advance(more)

    try:
        return await asyncio.to_thread(work, went)
    finally:
        given_up.set()
