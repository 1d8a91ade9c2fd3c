"""Jobs followed to their end: the WebSocket tells, REST is asked for what it did not tell.

It yields what changed and decides nothing: whom to show it to is the caller's business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from typing import NamedTuple

from flashyard.client.bridge import Bridge
from flashyard.client.live import Closed, Heard, Live, Opened
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.faults import Code, FaultError
from flashyard.contract.messages import Event, FlashCompleted, FlashFailed, FlashStarted
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job
from flashyard.contract.tracked import told

_QUIET = 5.0  # seconds without a word before REST is asked; a bridge repeats progress that often
_YOUNG = 10.0  # seconds a bridge may take to hear of a job that was just started
_PATIENCE = 120.0  # seconds without any bridge before the follower gives up


class Changed(NamedTuple):
    """A job as it is now.

    ``at``: since when, in Unix ms, by the hub's clock where it is known. ``text``: the message
    that says so, None where REST said it.
    """

    job: Job
    at: int
    text: str | None = None


class Gap(NamedTuple):
    """The bridge is out of reach for this reason; it is being looked for."""

    reason: str


class Caught(NamedTuple):
    """The bridge is back, and everything true was read again."""


News = Changed | Gap | Caught


async def follow(bridge: Bridge, jobs: Iterable[Job]) -> AsyncGenerator[News]:
    """Follow jobs until each has ended; each end is yielded once, as the bridge's full record.

    Raises:
        UnreachableError: no bridge for two minutes.
        FaultError: `not_allowed`.
    """
    story = _Story(bridge, jobs)
    async with Live(bridge.url, bridge.token, job_ids=story.open_ids) as live:
        while story.open_ids:
            for news in await story.take(await live.hear(_QUIET)):
                yield news


class _Story:
    """What is known of the jobs, and how long ago a bridge was met."""

    def __init__(self, bridge: Bridge, jobs: Iterable[Job]) -> None:
        self._bridge = bridge
        self._known = {job.job_id: job for job in jobs}
        self._began_at = self._met_at = asyncio.get_running_loop().time()
        self._is_lost = False

    @property
    def open_ids(self) -> list[str]:
        """The jobs that have not ended."""
        return [job.job_id for job in self._known.values() if not job.is_final]

    async def take(self, heard: Heard | Opened | Closed | None) -> list[News]:
        """Take in what was heard, and tell what that changes."""
        news = await self._learn(heard)
        if self._is_lost and not self.open_ids:
            # REST was back before the connection; there is nothing left to connect for.
            self._is_lost = False
            news.append(Caught())
        return news

    async def _learn(self, heard: Heard | Opened | Closed | None) -> list[News]:
        match heard:
            case Heard(message, text):
                self._met_at = asyncio.get_running_loop().time()
                return await self._fold(message, text) if isinstance(message, Event) else []
            case Closed(reason):
                gap: list[News] = [] if self._is_lost else [Gap(reason)]
                self._is_lost = True
                return gap + await self._check(self.open_ids)
            case Opened():
                caught: list[News] = [Caught()] if self._is_lost else []
                self._is_lost = False
                # What goes on the snapshot tells, and in order; what has ended only REST does.
                return await self._check(self.open_ids, ends_only=True) + caught
            case None:
                return await self._check(self.open_ids)

    async def _fold(self, event: Event, text: str) -> list[News]:
        job = self._known.get(event.job_id)
        if job is None or job.is_final:
            return []
        if isinstance(event, FlashCompleted | FlashFailed):
            return await self._check([job.job_id], text=text)  # the record says more than the end
        job = told(job, event)
        if isinstance(event, FlashStarted) and job.expected is None:
            job = await self._with_what_is_usual(job)
        self._known[job.job_id] = job
        return [Changed(job, event.timestamp, text)]

    async def _with_what_is_usual(self, job: Job) -> Job:
        """Add to a job that begins what no message tells."""
        try:
            return job.with_(expected=(await self._bridge.job(job.job_id)).expected)
        except (UnreachableError, FaultError):
            return job

    async def _check(
        self, job_ids: list[str], *, ends_only: bool = False, text: str | None = None
    ) -> list[News]:
        news: list[News] = []
        now = asyncio.get_running_loop().time
        try:
            for job_id in job_ids:
                job = await self._read(self._known[job_id])
                self._met_at = now()
                if job != self._known[job_id] and (job.is_final or not ends_only):
                    self._known[job_id] = job
                    at = job.finished_at or int(time.time() * 1000)
                    news.append(Changed(job, at, text))
        except (UnreachableError, FaultError) as error:
            if isinstance(error, FaultError) and not error.fault.rule.transient:
                raise
            if now() - self._met_at > _PATIENCE:
                raise
        return news

    async def _read(self, job: Job) -> Job:
        try:
            return await self._bridge.job(job.job_id)
        except FaultError as error:
            if error.fault.code is not Code.UNKNOWN_JOB:
                raise
        if asyncio.get_running_loop().time() - self._began_at < _YOUNG:
            return job  # the bridge has the hub's receipt, and has yet to hear the first report
        return _forgotten(job)


def _forgotten(job: Job) -> Job:
    return job.with_(
        status=Status.FAILED,
        phase=Phase.FAILED,
        code=Code.UNKNOWN_JOB,
        error="The bridge does not know the job any more; the outcome is unknown.",
        hint="Look at the device, then flash it again if in doubt.",
    )
