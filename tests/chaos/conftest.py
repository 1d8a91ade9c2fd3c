"""What the runs of chaos have in common: a seed, and a server that keeps what it committed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chaos.system import Keep
from support.postgres import Postgres, cluster


@pytest.fixture
def seed(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> str:
    """Tell which run this is; `--chaos-seed` repeats one."""
    drawn = str(request.config.getoption("--chaos-seed") or secrets.token_hex(3))
    with capsys.disabled():
        print(f"\n{request.node.name}: --chaos-seed {drawn}")  # noqa: T201 - to be repeated
    return drawn


@pytest.fixture(params=["sqlite", "postgresql"])
async def keep(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_files: Path
) -> AsyncIterator[Keep]:
    """A database of each kind in turn; a server can be killed, and loses nothing by it."""
    if request.param == "sqlite":
        yield Keep(f"sqlite:///{tmp_path / 'kept.db'}")
        return
    with cluster(postgres_files) as directory:
        server = Postgres(directory, is_durable=True)
        await server.start()
        yield Keep(await asyncio.to_thread(server.create), server)
        await server.stop()
