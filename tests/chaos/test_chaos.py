"""kill -9 of hub, bridge, broker and all three, at any moment of many jobs of every kind.

Every job ends once, as everybody is told, and what is completed is on the device; none is missing,
none runs for ever, and little is sent twice.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.storm import LARGE, SMALL, Scale, storm
from chaos.verdict import judge
from support.broker_process import BrokerProcess
from support.embedded import embedded_process
from support.mosquitto import mosquitto

BROKERS: dict[str, Callable[[Path], BrokerProcess]] = {
    "embedded": embedded_process,
    "mosquitto": mosquitto,  # with nothing on disk: what was retained is lost
}


async def blow(
    kind: str, seed: str, scale: Scale, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    async with storm(seed, scale, BROKERS[kind](folder), folder) as over:
        verdict = await judge(over)
    head = f"{kind}, --chaos-seed {seed}, {time.monotonic() - began:.0f} s"
    with capsys.disabled():
        print(f"\n{head}\n{verdict.table()}")  # noqa: T201 - what the run is for
    assert verdict.complaints == [], f"--chaos-seed {seed}"
    await asyncio.to_thread(shutil.rmtree, folder)  # gigabytes nobody wants to look at


async def test_a_few_jobs_end_once_and_truly_whatever_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    seed = request.config.getoption("--chaos-seed") or "few"
    await blow("embedded", seed, SMALL, tmp_path, capsys)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", BROKERS)
async def test_two_hundred_jobs_end_once_and_truly_whatever_is_killed(
    kind: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    seed = request.config.getoption("--chaos-seed") or secrets.token_hex(3)
    await blow(kind, seed, LARGE, tmp_path, capsys)
