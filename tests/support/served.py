"""A bridge that is served for real, in the test's own process: its link, its sockets, all of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from flashyard.endpoint import Endpoint
from flashyard.settings import BridgeSettings
from flashyard.token_file import NamedToken
from flashyard_bridge.bridge import Bridge, Tempo
from flashyard_bridge.intake import Intake
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.state import BridgeState


@dataclass(frozen=True)
class ServedBridge:
    """``http`` speaks to it; ``state`` is what its routes see; ``intake`` is its ear,
    ``live`` its mouth."""

    http: httpx.AsyncClient
    state: BridgeState
    intake: Intake
    live: Live


@asynccontextmanager
async def served_bridge(
    broker_url: str,
    folder: Path,
    *,
    deadline: float = 30.0,
    token: str | None = None,
    tokens: Sequence[NamedToken] = (),
    trusted_proxies: Sequence[str] = (),
    broker_sys: bool = False,
    database: Path | str | None = None,
    patience: float = 30.0,
    lost_after: float = 600.0,
) -> AsyncIterator[ServedBridge]:
    """Serve a bridge; ``deadline``: seconds in which a hub has to answer.

    ``folder``: has its images and, unless ``database`` is a file or a URL, its database;
    ``patience``: seconds in which it tells of a standing order's job; ``lost_after``: seconds after
    which a silent hub is given up.
    """
    settings = BridgeSettings(
        broker=broker_url,
        broker_sys=broker_sys,
        listen=(Endpoint("127.0.0.1", 0),),
        token_file=_token_file(folder, tokens or ([NamedToken("token", token)] if token else [])),
        trusted_proxy=tuple(trusted_proxies),
        data_dir=folder,
        image_store=folder,
        database=_url(database or folder / "flashyard.db"),
        lost_after=lost_after,
    )
    bridge = Bridge(settings, Tempo(answer=deadline, job=patience, ledger=0.5))
    serving: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(bridge.serve(serving.set_result), name="a served bridge")
        async with httpx.AsyncClient(base_url=await serving, timeout=30.0) as http:
            yield ServedBridge(http, bridge.state, bridge.intake, bridge.live)
        bridge.stop()


def _token_file(folder: Path, tokens: Sequence[NamedToken]) -> Path | None:
    if not tokens:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tokens"
    file.write_text("".join(f"{each.identity} {each.token}\n" for each in tokens))
    return file


def _url(database: Path | str) -> str:
    return database if isinstance(database, str) else f"sqlite:///{database.absolute()}"
