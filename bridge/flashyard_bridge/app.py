"""The bridge, assembled: what there is, who is handed what, and how it starts and stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import flashyard
from flashyard.link import tls_for
from flashyard.settings import BridgeSettings
from flashyard.token_file import read_tokens
from flashyard_bridge.audit.pruning import Pruner
from flashyard_bridge.audit.strangers import Strangers
from flashyard_bridge.audit.trail import Trail
from flashyard_bridge.batches.book import Batches
from flashyard_bridge.batches.overseer import Overseer as BatchOverseer
from flashyard_bridge.clock import BridgeClock
from flashyard_bridge.database.database import Database
from flashyard_bridge.errors import HANDLERS
from flashyard_bridge.gate import LOOPBACK_ORIGIN, CrossOrigin, Doors, FrontDoor, TokenDoor
from flashyard_bridge.history.archivist import Archivist
from flashyard_bridge.history.history import History
from flashyard_bridge.history.pruning import Bounds
from flashyard_bridge.history.pruning import Pruner as HistoryPruner
from flashyard_bridge.images.renewal import Renewal
from flashyard_bridge.images.store import ImageStore
from flashyard_bridge.intake import Intake
from flashyard_bridge.learning.outlook import Outlook
from flashyard_bridge.listeners import Listener, listen
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.methods import HeadAsGet
from flashyard_bridge.metrics.exposition import Metrics
from flashyard_bridge.picture.fleet import Fleet
from flashyard_bridge.rest import page, routers
from flashyard_bridge.rest.health import Vitals
from flashyard_bridge.rollback.ledger import Ledger
from flashyard_bridge.rollback.scribe import Scribe
from flashyard_bridge.server import Server
from flashyard_bridge.standing.book import Book
from flashyard_bridge.standing.overseer import Overseer
from flashyard_bridge.state import BridgeState
from flashyard_bridge.witness.action import Actions
from flashyard_bridge.witness.witness import Witness


class State(TypedDict):
    """What the lifespan yields.

    `bridge`, `vitals` and `metrics` are for routes, `live` and `doors` for WebSockets, `strangers`
    for the witness.
    """

    bridge: BridgeState
    vitals: Vitals
    metrics: Metrics
    live: Live
    doors: Doors
    strangers: Strangers


def create_app(state: State, trusted_proxies: Iterable[str] = ()) -> FastAPI:
    """Make the HTTP side of a bridge; of a trusted proxy it takes whose request it passes on."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        yield state

    doors, bridge = state["doors"], state["bridge"]
    of_rest = routers()
    proxied = [Middleware(ProxyHeadersMiddleware, trusted_hosts=list(trusted_proxies))]
    app = FastAPIOffline(
        redoc_url=None,
        title="flashyard",
        version=flashyard.__version__,
        description="Flash fleets of USB devices and watch it live.",
        lifespan=lifespan,
        exception_handlers=dict(HANDLERS),
        middleware=[
            *(proxied if trusted_proxies else []),
            Middleware(
                Witness,
                actions=Actions(route for router in of_rest for route in router.routes),
                trail=bridge.trail,
                strangers=state["strangers"],
                job=bridge.fleet.job,
                now=bridge.now,
            ),
            Middleware(FrontDoor, doors=doors),
            Middleware(
                CrossOrigin,
                allow_origins=sorted(doors.origins),
                allow_origin_regex=LOOPBACK_ORIGIN,
                allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
                allow_headers=["*"],
            ),
            Middleware(TokenDoor, doors=doors, signed=bridge.images.signature.admits),
            Middleware(HeadAsGet),
        ],
    )
    for router in of_rest:
        app.include_router(router)
    app.mount("/static", page.files)
    return app


async def serve(settings: BridgeSettings, ready: Callable[[str], None]) -> None:
    """Run a bridge until it is cancelled.

    Args:
        settings: a bridge's.
        ready: gets the URLs, separated by blanks, once they are served.

    Raises:
        FaultError: `port_in_use`, `database_unreachable`, or `invalid_request` for an address, a
            URL or a file.
    """
    tokens = read_tokens(settings.token_file)
    clock = BridgeClock()
    store = ImageStore(settings.images, clock.now)
    await asyncio.to_thread(store.open)
    fleet = Fleet(clock.now, time.monotonic, lost_after=settings.lost_after)
    live = Live(fleet.snapshot, clock.now)
    intake = Intake(
        settings.broker,
        fleet,
        live,
        clock.now,
        tls=tls_for(settings),
        broker_sys=settings.broker_sys,
    )
    database = Database(settings.database_url)
    trail = Trail(database, clock.now)
    strangers = Strangers(trail, clock.now)
    listeners: list[Listener] = []
    try:
        listeners = await listen(settings.listen)
        await asyncio.to_thread(database.open)
        history = History(database)
        archivist = Archivist(history, fleet, intake.link, clock.now)
        bridge = BridgeState(
            now=clock.now,
            link=intake.link,
            fleet=fleet,
            orders=intake.orders,
            images=store,
            database=database,
            standing=Book(database, clock.now),
            batches=Batches(database, clock.now),
            ledger=Ledger(database),
            outlook=Outlook(fleet, database, clock.now),
            history=history,
            trail=trail,
            publish=live.publish,
            first_picture=intake.first_picture,
        )
        state = State(
            bridge=bridge,
            vitals=Vitals(listeners[-1].bound[0].port, live, archivist),
            metrics=Metrics(fleet, intake, live, store),
            live=live,
            doors=Doors(tokens, _origins(settings), _loopback(listeners)),
            strangers=strangers,
        )
        overseer = Overseer(bridge)
        batches = BatchOverseer(bridge, lost_after=settings.lost_after)
        scribe, renewal = Scribe(bridge), Renewal(bridge)
        intake.listeners += [overseer.hear, batches.hear, renewal.hear, scribe.hear, archivist.hear]
        intake.listeners.append(bridge.outlook.hear)
        intake.archivists.append(archivist.take)
        pruner = Pruner(database, clock.now, settings.audit_keep)
        bounds = Bounds(settings.history_keep, settings.history_max)
        history_pruner = HistoryPruner(database, clock.now, bounds)
        app = create_app(state, settings.trusted_proxy)
        server = Server(app, lambda: ready(" ".join(map(_url, listeners))))
        async with intake.link, asyncio.TaskGroup() as group:
            chores = [
                group.create_task(intake.watch_clock(), name="bridge[patience]"),
                group.create_task(clock.watch(intake.announce_again), name="bridge[clock]"),
                group.create_task(renewal.run(), name="bridge[signatures]"),
                group.create_task(overseer.run(), name="bridge[standing orders]"),
                group.create_task(batches.run(), name="bridge[batches]"),
                group.create_task(scribe.run(), name="bridge[ledger]"),
                group.create_task(archivist.run(), name="bridge[history]"),
                group.create_task(bridge.outlook.run(), name="bridge[outlook]"),
                group.create_task(trail.run(), name="bridge[audit]"),
                group.create_task(strangers.run(), name="bridge[strangers]"),
                group.create_task(pruner.run(), name="bridge[audit's age]"),
                group.create_task(history_pruner.run(), name="bridge[history's bounds]"),
            ]
            await server.run_until_stopped([s for each in listeners for s in each.sockets])
            for chore in chores:
                chore.cancel()
    finally:
        for listener in listeners:
            listener.close()
        strangers.tell()
        await trail.finish()
        await asyncio.to_thread(database.close)


def _origins(settings: BridgeSettings) -> frozenset[str]:
    """Write origins as browsers do: in lower case, without a path."""
    return frozenset(origin.lower().rstrip("/") for origin in settings.allow_origin)


def _loopback(listeners: Sequence[Listener]) -> frozenset[tuple[str, int]]:
    bound = [endpoint for listener in listeners for endpoint in listener.bound]
    return frozenset((each.host, each.port) for each in bound if each.is_loopback)


def _url(listener: Listener) -> str:
    return f"http://{listener.bound[0]}"
