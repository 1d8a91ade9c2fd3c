"""Jobs and kills at the same time: both drawn from the seed, both until the last job has ended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from chaos.cargo import MIB, Cargo, images, upload
from chaos.ear import Ear, listening
from chaos.errand import Errand, errands
from chaos.job import Job
from chaos.killer import Killer
from chaos.ledger import Ledger
from chaos.system import Keep, System, Victim, system
from support.archive import Archive
from support.broker_process import BrokerProcess
from support.yard import Browser

_ROOM = 64 * MIB  # bytes of a partition


@dataclass(frozen=True)
class Scale:
    """How large a storm is.

    Attributes:
        jobs: of each kind of kill.
        devices: how many there are.
        depth: jobs of one device at a time, the running one among them.
        mib: of the largest images.
        speed: bytes per second of each device.
        calm: seconds between two kills, at most.
        down: seconds until the killed are started again, at most.
        victims: who is killed, of those that there are.
    """

    jobs: int
    devices: int
    depth: int
    mib: int
    speed: int
    calm: float
    down: float
    victims: Sequence[Victim] = tuple(Victim)

    def victims_of(self, keep: Keep) -> list[Victim]:
        """Whom there is to kill in a system with this database."""
        return [each for each in self.victims if each is not Victim.DATABASE or keep.server]


LARGE = Scale(jobs=62, devices=5, depth=3, mib=12, speed=5 * MIB, calm=3.0, down=1.0)
SMALL = Scale(
    jobs=3,
    devices=2,
    depth=2,
    mib=2,
    speed=2 * MIB,
    calm=1.2,
    down=0.2,
    victims=(Victim.DATABASE, Victim.ALL),
)


@dataclass
class Round:
    """What came of one kind of kill.

    Attributes:
        killer: who killed.
        jobs: all of its jobs.
        browser: who was connected all the time, as far as there was a bridge.
        known: every job that REST told of in the end, by job id.
    """

    killer: Killer
    jobs: list[Job]
    browser: Browser
    known: dict[str, dict[str, Any]] = field(default_factory=dict)


class Storm:
    """One run. It is over when :meth:`blow` returns; what came of it is for others to judge.

    Attributes:
        archive: what is in the history.
        cargoes: the images, by name.
        ear: what was heard.
        ledger: what the devices wrote.
    """

    def __init__(
        self, seed: str, scale: Scale, made: System, ear: Ear, cargoes: Sequence[Cargo]
    ) -> None:
        self.seed = seed
        self.system = made
        self.ear = ear
        self.ledger = Ledger(made.folder)
        self.archive = Archive(made.keep.url)
        self.cargoes = {cargo.name: cargo for cargo in cargoes}
        self.rounds: list[Round] = []
        self._scale = scale
        self._stored: dict[str, str] = {}
        self._doings: Counter[str] = Counter()

    async def blow(self, errand_list: Sequence[Errand]) -> None:
        """Have all kinds of kills, each with its share of the errands."""
        for cargo in self.cargoes.values():
            self._stored[cargo.name] = await upload(self.system.http, cargo)
        for number, victim in enumerate(self._scale.victims_of(self.system.keep)):
            start = number * self._scale.jobs
            await self._round(victim, errand_list[start : start + self._scale.jobs])

    async def _round(self, victim: Victim, errand_list: Sequence[Errand]) -> None:
        bridges = cycle(self.system.https)
        jobs = [
            Job(errand, self.system, http, self.ledger)
            for errand, http in zip(errand_list, bridges, strict=False)
        ]
        over = asyncio.Event()
        async with self.system.browser() as browser:
            struck = partial(self._note_flights, victim, jobs)
            heard = (self.system, self.ear, self._doings)
            killer = Killer(victim, *heard, seed=self.seed, struck=struck)
            now = Round(killer, jobs, browser)
            self.rounds.append(now)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._kill(now, over), name=f"killing {victim}")
                await self._run(jobs)
                over.set()
            ended = {job.job_id for job in jobs if job.end}
            await browser.caught_up(ended)
            await self.archive.has(ended)
            now.known = await self.system.jobs()

    async def _run(self, jobs: Sequence[Job]) -> None:
        turns = {job.errand.device: asyncio.Semaphore(self._scale.depth) for job in jobs}

        async def run(job: Job) -> None:
            async with turns[job.errand.device]:
                await job.run(self._stored, self._doings)

        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(run(job), name=job.errand.name)

    async def _kill(self, now: Round, over: asyncio.Event) -> None:
        """Kill again and again, until the last job has ended."""
        while True:
            await now.killer.moment(self._scale.calm, over)
            if over.is_set():
                return
            await now.killer.strike()
            await now.killer.mend(self._scale.down)

    def _note_flights(self, victim: Victim, jobs: Sequence[Job]) -> None:
        """Who was being flashed when the kill came has to go on anew."""
        if not victim.breaks_flights:
            return
        self.ledger.read()
        flown = set(self.ledger.newest.values())
        for job in jobs:
            if job.errand.name in flown and not job.end:
                job.breaks += 1


@asynccontextmanager
async def storm(
    seed: str, scale: Scale, broker: BrokerProcess, keep: Keep, folder: Path
) -> AsyncIterator[Storm]:
    """Let it blow over a system of its own; inside, all of it has come to rest."""
    cargoes = images(folder, seed, scale.mib)
    serials = [f"DEVICE_{number}" for number in range(scale.devices)]
    names = [cargo.name for cargo in cargoes]
    drawn = errands(seed, scale.jobs * len(scale.victims_of(keep)), serials, names, scale.mib)
    devices: dict[str, dict[str, int]] = {serial: {} for serial in serials}
    for errand in drawn:
        devices[errand.device] |= dict.fromkeys(errand.partitions, _ROOM)
    async with (
        system(folder, broker, devices, scale.speed, keep) as made,
        listening(broker.url) as ear,
    ):
        blowing = Storm(seed, scale, made, ear, cargoes)
        await blowing.blow(drawn)
        yield blowing
