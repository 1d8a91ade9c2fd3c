"""Who kills: at one moment after another, drawn from the seed, until told to stop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from chaos.ear import Ear
from chaos.system import System, Victim
from flashyard.contract.phases import Phase, Status

_PATIENCE = 2.0  # seconds for the moment that was chosen to come
_OFTEN = 0.005  # seconds between two looks whether it has come
_JITTER = 0.1  # seconds a kill comes after its moment, at most
# When a kill is to land: whenever it comes; while a start is asked for, or when one was just
# answered; when a job is somewhere. The rarer, the oftener.
_MOMENTS: tuple[str | Phase | Status, ...] = (
    *("whenever", "whenever", "asked", "answered"),
    *(Phase.IDENTIFYING, Phase.FINISHING, Phase.FINISHING, Phase.QUEUED, Status.PAUSED),
)


@dataclass
class Kills:
    """What was done: how often, at which moments, and the seconds until all was whole again."""

    count: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)


class Killer:
    """Kills one kind of victim.

    Args:
        victim: whom.
        system: whose.
        ear: tells where the jobs are.
        doings: counts what is `asked` and `answered`.
        seed: of all that is drawn.
        struck: is called after each kill.

    Attributes:
        victim: whom it kills.
        kills: what it did.
    """

    def __init__(
        self,
        victim: Victim,
        system: System,
        ear: Ear,
        doings: Counter[str],
        *,
        seed: str,
        struck: Callable[[], None],
    ) -> None:
        self.victim = victim
        self.kills = Kills()
        self._system = system
        self._ear = ear
        self._doings = doings
        self._struck = struck
        self._noise = Random(f"{seed}:{victim}")

    async def moment(self, calm: float, over: asyncio.Event) -> None:
        """Let at most so many seconds pass, and wait for a moment; for none once it is over."""
        moment = self._noise.choice(_MOMENTS)
        await asyncio.sleep(self._noise.uniform(0.2, 1.0) * calm)
        before = self._doings[moment]
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE
        while moment != "whenever" and loop.time() < deadline and not over.is_set():
            if self._doings[moment] > before or self._ear.any_in(moment):
                break
            await asyncio.sleep(_OFTEN)
        else:
            moment = "whenever"
        if over.is_set():
            return
        await asyncio.sleep(self._noise.choice([0, self._noise.uniform(0, _JITTER)]))
        self.kills.moments[moment] += 1

    async def strike(self) -> None:
        """Kill, and nothing else yet."""
        await self._system.kill(self.victim)
        self._note()

    async def mend(self, down: float) -> None:
        """After at most so many seconds start what was killed, and see all whole again.

        Now and then it is killed once more while it starts.
        """
        await asyncio.sleep(self._noise.uniform(0, down))
        began = asyncio.get_running_loop().time()
        if self._noise.random() < 0.2:
            await self._system.stumble(self.victim, self._noise.uniform(0.2, 1.5))
            self._note()
        await self._system.revive(self.victim)
        await self._system.whole()
        self.kills.recoveries.append(asyncio.get_running_loop().time() - began)

    def _note(self) -> None:
        self.kills.count += 1
        self._struck()
