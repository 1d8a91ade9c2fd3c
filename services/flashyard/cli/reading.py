"""Work that reads for a while, in a thread that ends soon where nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from flashyard.contract.faults import Code, refuse

T = TypeVar("T")
Advance = Callable[[int], None]  # is told of so many more bytes
Progress = Callable[[int], None]  # is told of all bytes so far


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


def by_steps(advance: Advance) -> Progress:
    """Make what is told of all bytes so far, and tells ``advance`` of so many more."""
    so_far = 0

    def went(done: int) -> None:
        nonlocal so_far
        advance(done - so_far)
        so_far = done

    return went
