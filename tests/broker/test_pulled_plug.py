"""A hub that falls silent without a farewell is offline within 1.5 keep-alives and a second."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flashyard.endpoint import Endpoint
from flashyard_broker.server import EmbeddedBroker
from support.plug import HERE, HUB, Noticed, notice
from support.processes import serving

_TESTS = Path(__file__).parents[1]
_ALONE = ("unshare", "--user", "--map-root-user", "--net")  # as root of a network of one's own
_WITHIN = 100.0  # seconds


def is_in_time(noticed: Noticed) -> bool:
    print(f"offline {noticed.seconds:.2f} s after its last packet, at {noticed.keep_alive} s")  # noqa: T201 - the figure
    patience = 1.5 * noticed.keep_alive
    return patience <= noticed.seconds <= patience + 1


async def test_a_hub_that_is_stopped_dead_is_shown_offline_in_time(tmp_path: Path) -> None:
    async with (
        EmbeddedBroker([Endpoint(HERE, 0)]) as broker,
        serving(
            *("hub", "--no-usb", "--hub-id", HUB, "--data-dir", tmp_path),
            *("--broker", f"mqtt://{broker.addresses[0]}"),
        ) as hub,
    ):
        try:
            assert is_in_time(await notice(broker, lambda: hub.send(signal.SIGSTOP)))
        finally:
            hub.send(signal.SIGCONT)


@pytest.mark.long
async def test_a_hub_whose_cable_is_pulled_is_shown_offline_in_time(tmp_path: Path) -> None:
    if not all(map(shutil.which, ("ip", "nsenter", "unshare"))) or not await _succeeds("true"):
        pytest.skip("needs iproute2, util-linux and leave to make network namespaces")
    process = await asyncio.create_subprocess_exec(
        *(*_ALONE, sys.executable, "-m", "support.plug", str(tmp_path)),
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
        stdout=subprocess.PIPE,
    )
    async with asyncio.timeout(_WITHIN):
        answer, _ = await process.communicate()
    assert is_in_time(Noticed(*json.loads(answer)))


async def _succeeds(*words: str) -> bool:
    process = await asyncio.create_subprocess_exec(*_ALONE, *words, stderr=subprocess.DEVNULL)
    return await process.wait() == 0
