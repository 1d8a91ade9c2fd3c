"""Jobs attended by a person until they end: shown as they go on, left or cancelled on Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from flashyard.cli.talk import say
from flashyard.client.bridge import Bridge
from flashyard.client.follow import Changed, News, follow
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.faults import FaultError
from flashyard.contract.records import Job

_STDIN = 0


class View(Protocol):
    """Shows news as they come."""

    def show(self, news: News) -> None:
        """Show what changed."""


class LeftError(Exception):
    """Raised when the person goes while jobs are running: they go on, and ``jobs`` names them."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        super().__init__("left running")
        self.jobs = jobs


async def attend(
    bridge: Bridge,
    jobs: Sequence[Job],
    views: Sequence[View],
    *,
    question: AbstractContextManager[None] | None = None,
) -> list[Job]:
    """Follow jobs to their end and show them; return how they ended, in the order given.

    Args:
        bridge: that runs them.
        jobs: as far as they are known.
        views: are shown the news.
        question: frees the terminal for a question on Ctrl-C. None: nobody is there to be asked,
            and an interrupt leaves the jobs running.

    Raises:
        LeftError: interrupted, and the jobs go on.
        UnreachableError: no bridge for two minutes.
    """
    known = {job.job_id: job for job in jobs}
    unwanted: set[str] = set()
    with interrupts() as interrupted:
        following = asyncio.create_task(_show(bridge, known, unwanted, views), name="follow jobs")
        try:
            while not await either(following, interrupted):
                interrupted.clear()
                running = [job for job in known.values() if not job.is_final]
                what = f"{len(running)} jobs are" if len(running) != 1 else "One job is"
                is_unwanted = question is not None and await asked(
                    question, what, following, interrupted
                )
                if following.done():
                    continue  # they ended while the question stood
                if not is_unwanted:
                    raise LeftError(running)
                question = None  # asked once
                unwanted |= await _cancel(bridge, running)
        finally:
            following.cancel()
            await asyncio.wait({following})
    following.result()
    return list(known.values())


async def _show(
    bridge: Bridge, known: dict[str, Job], unwanted: set[str], views: Sequence[View]
) -> None:
    async for news in follow(bridge, list(known.values())):
        if isinstance(news, Changed):
            known[news.job.job_id] = news.job
            if news.job.job_id in unwanted and not news.job.is_final:
                news = news._replace(job=news.job.with_(requested="cancel"))  # noqa: PLW2901
        for view in views:
            view.show(news)


@contextmanager
def interrupts() -> Iterator[asyncio.Event]:
    """Turn SIGINT and SIGTERM into an event while inside."""
    loop = asyncio.get_running_loop()
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    try:
        yield interrupted
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def either(following: asyncio.Task[Any], interrupted: asyncio.Event) -> bool:
    """Wait for one of the two; is it the end of what is followed?"""
    waiting = asyncio.create_task(interrupted.wait(), name="await an interrupt")
    try:
        await asyncio.wait({following, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    return following.done()


async def asked(
    question: AbstractContextManager[None],
    what: str,
    following: asyncio.Task[Any],
    interrupted: asyncio.Event,
) -> bool:
    """Ask whether to cancel ``what``; a second interrupt, or the end of it, is no."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def read() -> None:
        line = os.read(_STDIN, 1024).decode(errors="replace")
        if not answer.done():
            answer.set_result(line)

    with question:
        sys.stderr.write(f"\n{what} not done. Cancel, or leave running? [c/L] ")
        sys.stderr.flush()
        loop.add_reader(_STDIN, read)
        second = asyncio.create_task(interrupted.wait(), name="await a second interrupt")
        try:
            waiting: set[asyncio.Future[Any]] = {answer, second, following}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(_STDIN)
            second.cancel()
        if not answer.done():
            say()
    return answer.done() and answer.result().strip().lower().startswith("c")


async def _cancel(bridge: Bridge, running: Sequence[Job]) -> set[str]:
    """Ask for jobs to be cancelled; return the ids of those that will be."""
    agreed = set()
    for job in running:
        try:
            await bridge.tell("cancel", job.job_id)
        except (FaultError, UnreachableError) as error:
            sentence = (
                error.sentence if isinstance(error, UnreachableError) else error.fault.sentence
            )
            say(f"{job.device_id}: {sentence}")
        else:
            agreed.add(job.job_id)
    return agreed
