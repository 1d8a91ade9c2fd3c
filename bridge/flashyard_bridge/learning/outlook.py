"""What is to be expected of the jobs under way: looked up once as they come, and told from memory.

The database is asked beside the hot path, in rounds; where it is gone nothing is expected.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import NamedTuple, NoReturn

from flashyard.contract.expected import Expected
from flashyard.contract.faults import FaultError
from flashyard.contract.messages import FlashQueued, FlashStarted
from flashyard.contract.phases import Status
from flashyard.contract.records import Job
from flashyard.contract.tracked import Frame
from flashyard_bridge.database.database import Database
from flashyard_bridge.learning.occasion import occasion_at
from flashyard_bridge.learning.paces import Paces
from flashyard_bridge.learning.store import Question, recall
from flashyard_bridge.learning.usual import held_to, remaining_ms
from flashyard_bridge.picture.fleet import Fleet

EVERY = 10.0  # s; a job may also come to be known without a word, in a device's record
PAUSE = 0.1  # s; what begins together is looked up together
AT_ONCE = 100  # jobs in one transaction
PATIENCE = 0.5  # s that one who asks for a job waits

_log = logging.getLogger(__name__)


class _Looked(NamedTuple):
    """What was found for a job, and whether it had begun by then."""

    expected: Expected | None
    has_begun: bool


class Outlook:
    """Looks for as long as :meth:`run` runs.

    Args:
        fleet: the picture of jobs and devices.
        database: that has what was learnt.
        now: Unix ms.

    Attributes:
        paces: how long jobs have been in their phases.
    """

    def __init__(self, fleet: Fleet, database: Database, now: Callable[[], int]) -> None:
        self.paces = Paces()
        self._fleet = fleet
        self._database = database
        self._now = now
        self._looked: dict[str, _Looked] = {}  # by job, as long as the fleet knows it
        self._news = asyncio.Event()
        self._is_down = False

    def hear(self, frames: Sequence[Frame]) -> None:
        """Take what becomes of jobs; never waits."""
        self.paces.hear(frames)
        if any(isinstance(frame.message, FlashQueued | FlashStarted) for frame in frames):
            self._news.set()

    async def run(self) -> NoReturn:
        """Look up what comes, for ever."""
        while True:
            self._news.clear()
            await self._go_round()
            try:
                async with asyncio.timeout(EVERY):
                    await self._news.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(PAUSE)

    def tell(self, job: Job) -> Job:
        """Add to a job what is to be expected of it, as far as that was looked up."""
        expected = self._expected(job)
        return job if expected is None else job.with_(expected=expected)

    def tell_briefly(self, job: Job) -> Job:
        """Do so, but for the phases: there may be many jobs, with many partitions each."""
        expected = self._expected(job)
        return job if expected is None else job.with_(expected=expected.with_(phases=()))

    async def tell_now(self, job: Job) -> Job:
        """Do so for one that may have come this moment, but do not wait long."""
        if self._is_due(job) and not self._is_down:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._look([job])
            except (TimeoutError, FaultError) as error:
                self._note_down(error)
                self._news.set()  # the next round sees whether it is back
        return self.tell(job)

    async def foresee(self, job: Job) -> Expected | None:
        """Tell what is to be expected of a job that is not started.

        Raises:
            FaultError: `database_unreachable`.
        """
        device = self._fleet.device(job.hub_id, job.device_id)
        if device is None:
            return None
        question = Question(occasion_at(job, device), job.total_bytes)
        answers = await self._database.read(partial(recall, questions={question}))
        told = answers.get(question)
        return told and held_to(told, job.total_bytes, job.bandwidth_limit)

    def _expected(self, job: Job) -> Expected | None:
        looked = self._looked.get(job.job_id)
        if looked is None or looked.expected is None:
            return None
        expected = held_to(looked.expected, job.total_bytes, job.bandwidth_limit)
        runs = job.status is Status.RUNNING
        elapsed = self.paces.elapsed(job.job_id, job.phase, self._now()) if runs else 0
        return expected.with_(remaining_ms=remaining_ms(expected, job, elapsed))

    async def _go_round(self) -> None:
        jobs = self._fleet.jobs()
        known = {job.job_id for job in jobs}
        self.paces.keep(known)
        self._looked = {each: told for each, told in self._looked.items() if each in known}
        try:
            due = [job for job in jobs if self._is_due(job)]
            for first in range(0, len(due), AT_ONCE):
                await self._look(due[first : first + AT_ONCE])
        except FaultError as error:
            self._note_down(error)
        else:
            self._is_down = False

    def _note_down(self, error: Exception) -> None:
        if not self._is_down:
            _log.warning("nothing is expected of jobs for now: %s", str(error) or "no answer")
        self._is_down = True

    def _is_due(self, job: Job) -> bool:
        """Was it not looked up yet, or only when it had still to wait?"""
        looked = self._looked.get(job.job_id)
        return job.is_active and (looked is None or looked.has_begun is not job.has_begun)

    async def _look(self, jobs: Collection[Job]) -> None:
        questions: dict[str, Question] = {}
        for job in jobs:
            device = self._fleet.device(job.hub_id, job.device_id)
            if device is not None:
                questions[job.job_id] = Question(occasion_at(job, device), job.total_bytes)
        if not questions:
            return
        wanted = set(questions.values())
        answers = await self._database.read(partial(recall, questions=wanted))
        for job in jobs:
            if (question := questions.get(job.job_id)) is not None:
                self._looked[job.job_id] = _Looked(answers.get(question), job.has_begun)
