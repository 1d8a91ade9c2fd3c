"""A hub that has many ended jobs to tell of: it repeats each until it hears that it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from flashyard.contract import topics
from flashyard.contract.history import JobRecord
from flashyard.contract.orders import Recorded
from flashyard.contract.topics import Kind, build
from flashyard.link import Link

_MOST = 16  # under way at once
_AGAIN = 0.5  # seconds after which all of them are told again


class Reporter:
    """Tells records on a broker while :meth:`run` runs.

    Args:
        broker_url: where.
        hub_id: whose they are.
        records: as many as are wanted of them.

    Attributes:
        link: to be entered by the owner.
        told: every record so far, by its job.
        acknowledged: the jobs it need not tell of again.
        histories: the ids of those that have them.
    """

    def __init__(self, broker_url: str, hub_id: str, records: Iterator[JobRecord]) -> None:
        self.told: dict[str, JobRecord] = {}
        self.acknowledged: set[str] = set()
        self.histories: set[str] = set()
        self._records = records
        self._topic = build(Kind.RECORDED, hub_id)
        self._hub_id = hub_id
        self._open: dict[str, JobRecord] = {}
        self._has_enough = False
        self._news = asyncio.Event()
        self.link = Link(
            broker_url, hub_id, on_message=self._hear, subscriptions=topics.hub_filters(hub_id)
        )

    def end(self) -> None:
        """Begin no new ones."""
        self._has_enough = True
        self._news.set()

    async def run(self) -> None:
        """Tell, until it is ended and all is stored."""
        loop = asyncio.get_running_loop()
        again = loop.time() + _AGAIN
        while self._open or not self._has_enough:
            while len(self._open) < _MOST and not self._has_enough:
                record = next(self._records)
                self._open[record.job_id] = self.told[record.job_id] = record
                self._tell(record)
            self._news.clear()
            try:
                async with asyncio.timeout_at(again):
                    await self._news.wait()
            except TimeoutError:
                for record in self._open.values():
                    self._tell(record)
                again = loop.time() + _AGAIN

    def _tell(self, record: JobRecord) -> None:
        self.link.publish(build(Kind.RECORD, self._hub_id), record.encode(), qos=1)

    def _hear(self, name: str, payload: bytes, _retained: bool) -> None:  # noqa: FBT001 - the link's
        if name == self._topic:
            said = Recorded.decode(payload)
            self.acknowledged |= set(said.job_ids)
            for job_id in said.job_ids:
                self._open.pop(job_id, None)
            self.histories.add(said.history_id)
            self._news.set()
