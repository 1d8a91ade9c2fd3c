"""Asking a bridge over HTTP, and what each answer took: by the clock, and of the bridge's CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

import httpx
import psutil

IDLE = "/api/v1/ready"  # what an answer costs that is in no database
_PAGES = 100  # that are followed


class Answers(NamedTuple):
    """What the answers to one question took.

    Attributes:
        taken: ms until each was there.
        cpu: ms of CPU that the bridge spent on one, on average.
        size: bytes of the longest.
    """

    taken: Sequence[float]
    cpu: float
    size: int

    @property
    def p99(self) -> float:
        return sorted(self.taken)[-1 - len(self.taken) // 100]


class Asker:
    """Asks one bridge, one question after another."""

    def __init__(self, http: httpx.AsyncClient, bridge: psutil.Process) -> None:
        self._http = http
        self._bridge = bridge

    async def is_ready(self) -> bool:
        """Does it know its hubs?"""
        return (await self._http.get(IDLE)).is_success

    async def ask(self, paths: Sequence[str], *, follows: bool = False) -> Answers:
        """GET all of these; or the one, and so many pages that each answer says are next.

        Raises:
            httpx.HTTPStatusError: it is refused.
        """
        before = self._bridge.cpu_times()
        answers = [await self._get(path) for path in paths]
        while follows and len(answers) < _PAGES:
            if not (cursor := answers[-1].json().get("nextCursor")):
                break
            answers.append(await self._get(f"{paths[0]}&cursor={quote(cursor)}"))
        after = self._bridge.cpu_times()
        cpu = after.user + after.system - before.user - before.system
        taken = [answer.elapsed.total_seconds() * 1000 for answer in answers]
        return Answers(
            taken, cpu / len(answers) * 1000, max(len(answer.content) for answer in answers)
        )

    async def _get(self, path: str) -> httpx.Response:
        return (await self._http.get(path)).raise_for_status()
