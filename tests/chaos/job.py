"""One job as its user has it: started until that is answered, steered, and followed to its end.

Whoever started it asks again where nothing was answered, under the same key. It judges nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx

from chaos.errand import Errand, Fate
from chaos.ledger import Ledger
from chaos.patience import Patience
from chaos.system import System
from support.waiting import until

# Seconds in which all is whole:
_PATIENCE = 30.0  # for a request to be answered, however often it is asked
_FOR_EVER = 120.0  # for a job, from its start's answer on
_NEXT_KILL = 180.0  # seconds until the next kill was got over
# What is asked again: nobody could be asked, or nobody answered.
_AGAIN = frozenset(
    {
        "broker_unreachable",
        "database_unreachable",
        "hub_no_answer",
        "device_offline",
        "unknown_device",
        "unknown_job",
        "stale_order",
        "rate_limited",
        "queue_full",
    }
)
_FINAL = frozenset({"completed", "failed", "cancelled"})


class Job:
    """An errand under way; its user knows one bridge, by ``http``.

    Attributes:
        job_id: once its start was answered.
        asked: how often its start was asked for.
        end: as REST told it first.
        parts: what had been flashed of each of its partitions when its end was heard.
        pauses: how often it was paused.
        breaks: how many kills it was flown through.
        trouble: what went wrong with the asking, in sentences.
    """

    def __init__(
        self, errand: Errand, system: System, http: httpx.AsyncClient, ledger: Ledger
    ) -> None:
        self.errand = errand
        self.job_id = ""
        self.asked = 0
        self.end: dict[str, Any] = {}
        self.parts: dict[str, int] = {}
        self.pauses = 0
        self.breaks = 0
        self.trouble: list[str] = []
        self._system = system
        self._http = http
        self._ledger = ledger

    async def run(self, stored: dict[str, str], doings: Counter[str]) -> None:
        """Carry the errand out, counting what is `asked` for and what was `answered`."""
        if not await self._start(stored, doings):
            return
        doings["answered"] += 1
        match self.errand.fate:
            case Fate.PAUSED:
                await self._follow(self.errand.after, until=frozenset({"running"}))
                await self._pause_over_a_kill()
            case Fate.HELD:
                await self._pause_over_a_kill()
            case Fate.CANCELLED:
                await asyncio.sleep(self.errand.after)
                await self._ask("cancel")
            case Fate.NOTHING:
                pass
        await self._follow(_FOR_EVER, until=_FINAL)
        if not self.end:
            self.trouble.append(f"is {await self._status()} for ever")
        self._ledger.read()
        self.parts = {name: self._ledger.flashed[name] for name in self.errand.partitions}

    async def told(self) -> dict[str, Any]:
        """What REST tells of it; nothing where it cannot be asked."""
        try:
            answer = await self._http.get(f"/api/flash/job/{self.job_id}")
        except httpx.TransportError:
            return {}
        job: dict[str, Any] = answer.json().get("job", {}) if answer.is_success else {}
        return job

    async def _start(self, stored: dict[str, str], doings: Counter[str]) -> bool:
        patience = Patience(self._system, _PATIENCE)
        while True:
            self.asked += 1
            doings["asked"] += 1
            answer = await self._post("/api/flash/start", self.errand.body(stored))
            if answer.get("success"):
                self.job_id = answer["jobId"]
                return True
            if answer.get("code", "hub_no_answer") not in _AGAIN:
                self.trouble.append(f"is not started: {answer}")
                return False
            if not await patience.lasts():
                self.trouble.append(f"could not be started: {answer}")
                return False

    async def _pause_over_a_kill(self) -> None:
        """Pause it, see it paused after the next kill is got over, and let it go on."""
        if not await self._ask("pause") or await self._until_paused() != "paused":
            return
        self.pauses += 1
        kills = self._system.kills
        await until(lambda: self._system.kills > kills and self._system.is_whole, _NEXT_KILL)
        if (status := await self._status()) != "paused":
            self.trouble.append(f"was paused, and is {status} after a kill")
        await self._ask("resume")

    async def _until_paused(self) -> str:
        await self._follow(_PATIENCE, until=_FINAL | {"paused"})
        return await self._status()

    async def _status(self) -> str:
        """Its status, once REST can tell it; `unknown` where it cannot for long."""
        patience = Patience(self._system, _PATIENCE)
        while (job := await self.told()) == {}:
            if not await patience.lasts():
                return "unknown"
        return str(job["status"])

    async def _follow(self, within: float, until: frozenset[str]) -> None:
        """Look until it is in one of these states or over, or time is up."""
        patience = Patience(self._system, within)
        while True:
            job = await self.told()
            if job.get("status") in _FINAL and not self.end:
                self.end = job
            if job.get("status") in until | _FINAL or not await patience.lasts():
                return

    async def _ask(self, verb: str) -> bool:
        """Ask for something until that is answered; is it granted?"""
        patience = Patience(self._system, _PATIENCE)
        while True:
            answer = await self._post(f"/api/flash/job/{self.job_id}/{verb}", {})
            if answer.get("success"):
                return True
            if answer.get("code", "hub_no_answer") not in _AGAIN:
                return False  # it is over, or too far
            if not await patience.lasts():
                self.trouble.append(f"cannot be told to {verb}: {answer}")
                return False

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._http.post(path, json=body)
            answered: dict[str, Any] = answer.json()
        except (httpx.TransportError, ValueError):
            return {}
        return answered
