"""kill -9 of hub, bridges, broker, database and all of them, at any moment of jobs of every kind.

Every job ends once, as everybody is told, and what is completed is on the device; none is missing,
none runs for ever, and little is sent twice. Each is in the history once, with its own end.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from chaos.storm import LARGE, SMALL, Storm, storm
from chaos.system import Keep
from chaos.verdict import judge
from support.broker_process import BrokerProcess
from support.embedded import embedded_process
from support.mosquitto import mosquitto

BROKERS: dict[str, Callable[[Path], BrokerProcess]] = {
    "embedded": embedded_process,
    "mosquitto": mosquitto,  # with nothing on disk: what was retained is lost
}
FINISHED = 300  # jobs at least, in a long run


async def blow(
    head: str, blowing: AbstractAsyncContextManager[Storm], capsys: pytest.CaptureFixture[str]
) -> int:
    """Have it blow, and tell what came of it; return how many jobs are in the history."""
    began = time.monotonic()
    async with blowing as over:
        verdict = await judge(over)
    with capsys.disabled():
        print(f"\n{head}, {time.monotonic() - began:.0f} s\n{verdict.table()}")  # noqa: T201 - what the run is for
    assert not verdict.complaints, "\n".join([head, *verdict.complaints])
    await asyncio.to_thread(shutil.rmtree, over.system.folder)  # gigabytes nobody wants to look at
    return len(over.archive.jobs)


@pytest.mark.parametrize("keep", ["postgresql"], indirect=True)
async def test_a_few_jobs_end_once_and_truly_whatever_is_killed(
    keep: Keep,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    seed = request.config.getoption("--chaos-seed") or "handful"
    broker = embedded_process(tmp_path)
    head = f"embedded, PostgreSQL, --chaos-seed {seed}"
    await blow(head, storm(seed, SMALL, broker, keep, tmp_path), capsys)


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    ("kind", "keep"), [("embedded", "sqlite"), ("mosquitto", "postgresql")], indirect=["keep"]
)
async def test_hundreds_of_jobs_end_once_and_truly_whatever_is_killed(
    kind: str, keep: Keep, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: str
) -> None:
    blowing = storm(seed, LARGE, BROKERS[kind](tmp_path), keep, tmp_path)
    head = f"{kind}, {keep.url.partition(':')[0]}, --chaos-seed {seed}"
    assert await blow(head, blowing, capsys) >= FINISHED
