"""A bridge that is served for real: its own link, its own sockets, its whole app."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from flashyard.endpoint import Endpoint
from flashyard.token_file import NamedToken
from flashyard_bridge.app import State, create_app
from flashyard_bridge.audit.strangers import Strangers
from flashyard_bridge.audit.trail import Trail
from flashyard_bridge.batches.book import Batches
from flashyard_bridge.batches.overseer import Overseer as BatchOverseer
from flashyard_bridge.database.database import Database
from flashyard_bridge.gate import Doors
from flashyard_bridge.history.archivist import Archivist
from flashyard_bridge.history.history import History
from flashyard_bridge.images.store import ImageStore
from flashyard_bridge.intake import Intake
from flashyard_bridge.learning.outlook import Outlook
from flashyard_bridge.listeners import listen
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.metrics.exposition import Metrics
from flashyard_bridge.orders import Orders
from flashyard_bridge.picture.fleet import Fleet
from flashyard_bridge.rest.health import Vitals
from flashyard_bridge.rollback.ledger import Ledger
from flashyard_bridge.rollback.scribe import Scribe
from flashyard_bridge.server import Server
from flashyard_bridge.standing.book import Book
from flashyard_bridge.standing.overseer import Overseer
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
    images: Path,
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

    ``patience``: seconds in which it tells of a standing order's job; ``database``: a file, or
    its URL; ``lost_after``: seconds after which a silent hub is given up.
    """
    known = tokens or ([NamedToken("token", token)] if token else ())
    kept = Database(_url(database or images / "flashyard.db"))
    await asyncio.to_thread(kept.open)
    store = ImageStore(images, _now)
    await asyncio.to_thread(store.open)
    fleet = Fleet(_now, time.monotonic, lost_after=lost_after)
    live = Live(fleet.snapshot, _now)
    intake = Intake(broker_url, fleet, live, _now, broker_sys=broker_sys)
    intake.orders = Orders(intake.link, fleet, _now, deadline=deadline)
    [listener] = await listen([Endpoint("127.0.0.1", 0)])
    [bound] = listener.bound
    history = History(kept)
    trail = Trail(kept, _now)
    strangers = Strangers(trail, _now)
    archivist = Archivist(history, fleet, intake.link, _now)
    bridge = BridgeState(
        now=_now,
        link=intake.link,
        fleet=fleet,
        orders=intake.orders,
        images=store,
        database=kept,
        standing=Book(kept, _now),
        batches=Batches(kept, _now),
        ledger=Ledger(kept),
        outlook=Outlook(fleet, kept, _now),
        history=history,
        trail=trail,
        publish=live.publish,
        first_picture=intake.first_picture,
    )
    state = State(
        bridge=bridge,
        vitals=Vitals(bound.port, live, archivist),
        metrics=Metrics(fleet, intake, live, store),
        live=live,
        doors=Doors(known, frozenset(), frozenset({(bound.host, bound.port)})),
        strangers=strangers,
    )
    overseer = Overseer(bridge, patience=patience)
    batches = BatchOverseer(bridge, lost_after=lost_after)
    scribe = Scribe(bridge, every=0.5)
    intake.listeners += [overseer.hear, batches.hear, scribe.hear, archivist.hear]
    intake.listeners.append(bridge.outlook.hear)
    intake.archivists.append(archivist.take)
    serving = asyncio.Event()
    server = Server(create_app(state, trusted_proxies), serving.set)
    async with intake.link, asyncio.TaskGroup() as group:
        clock = group.create_task(intake.watch_clock())
        actors = (overseer, batches, scribe, archivist, bridge.outlook, trail)
        acting = [group.create_task(each.run()) for each in actors]
        running = group.create_task(server.run_until_stopped(listener.sockets))
        await serving.wait()
        async with httpx.AsyncClient(base_url=f"http://{bound}", timeout=30.0) as http:
            yield ServedBridge(http, bridge, intake, live)
        server.should_exit = True
        await running
        clock.cancel()
        for task in acting:
            task.cancel()
    strangers.tell()
    await trail.finish()
    await asyncio.to_thread(kept.close)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _url(database: Path | str) -> str:
    return database if isinstance(database, str) else f"sqlite:///{database}"
