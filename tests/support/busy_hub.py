"""A hub with very many devices, each flashing one job: it says on a real link what such a hub says.

It flashes nothing and takes no orders; how fast it talks is its owner's business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from flashyard.contract.orders import Announce
from flashyard.contract.phases import Phase
from flashyard.contract.topics import ANNOUNCE, MANNERS
from flashyard.link import Link
from support.hub_script import TOTAL, HubScript, Published

STAGE = "Flashing system partition"
_BURST = 50  # jobs that begin or end at once
_UNCONFIRMED = 5_000


class BusyHub:
    """``jobs`` jobs on as many devices. ``sent``: how many samples it published.

    Samples have an extra key, ``sentAt``: CLOCK_MONOTONIC in ns.
    """

    def __init__(self, broker_url: str, jobs: int) -> None:
        self.sent = 0
        self.scripts = {
            f"job_1703001234_{number:06}": HubScript(device_id=f"DEVICE_{number:04}")
            for number in range(jobs)
        }
        self._announced: int | None = None
        self._link = Link(
            broker_url,
            "busy-hub",
            on_message=self._hear,
            on_up=self._say_all,
            subscriptions=[(ANNOUNCE, 1)],
            max_queued=_UNCONFIRMED,
        )

    async def __aenter__(self) -> Self:
        await self._link.__aenter__()
        await self._link.wait_until_up(10.0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._link.__aexit__(kind, error, trace)

    @property
    def newest(self) -> dict[str, int]:
        """How many bytes its last word says, by job."""
        return {
            job_id: script.current.bytes_transferred
            for job_id, script in self.scripts.items()
            if script.current is not None
        }

    async def start(self) -> None:
        """Begin all jobs: two events each."""
        await self._each(self.scripts, lambda job_id, script: script.start(job_id))
        await self._each(self.scripts, lambda _, script: script.phase(Phase.WRITING, STAGE, 0))

    async def complete(self, job_ids: Iterable[str]) -> None:
        """End some jobs well: two events each."""
        await self._each(job_ids, lambda _, script: script.complete())

    async def sample(self, rate: float, count: int) -> None:
        """Publish so many samples at so many a second, job by job in turn; late ones at once."""
        scripts = list(self.scripts.values())
        begun = time.monotonic()
        for number in range(count):
            pause = begun + number / rate - time.monotonic()
            # Also where it is late the loop gets its turn, or nothing would leave.
            await asyncio.sleep(max(0.0, pause))
            self._sample(scripts[self.sent % len(scripts)])

    def _sample(self, script: HubScript) -> None:
        assert script.current is not None
        script.now = _now()
        done = min(script.current.bytes_transferred + TOTAL // 1_000, TOTAL - 1)
        said = script.sample(done)
        stamp = b',"sentAt":%d}' % time.monotonic_ns()
        self._publish(said, said.payload[:-1] + stamp)
        self.sent += 1

    async def _each(
        self, job_ids: Iterable[str], do: Callable[[str, HubScript], Iterable[Published]]
    ) -> None:
        for number, job_id in enumerate(job_ids):
            script = self.scripts[job_id]
            script.now = _now()
            for said in do(job_id, script):
                self._publish(said, said.payload)
            if number % _BURST == 0:
                await asyncio.sleep(0.01)

    def _say_all(self) -> None:
        now = _now()
        for script in self.scripts.values():
            script.now = now
            record = script.record()
            self._publish(record, record.payload)
        presence = next(iter(self.scripts.values())).presence(announced=self._announced)
        self._publish(presence, presence.payload)

    def _publish(self, said: Published, payload: bytes) -> None:
        manners = MANNERS[said.topic.kind]
        taken = self._link.publish(str(said.topic), payload, qos=manners.qos, retain=manners.retain)
        assert taken, "the hub's own link is the bottleneck"

    def _hear(self, _topic: str, payload: bytes, _retained: bool) -> None:  # noqa: FBT001 - the link's
        self._announced = Announce.decode(payload).now
        self._say_all()


def _now() -> int:
    return time.time_ns() // 1_000_000
