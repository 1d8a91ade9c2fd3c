"""The HTTP side of a bridge: its routes, the doors before them, and what is handed to both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import flashyard
from flashyard_bridge.audit.strangers import Strangers
from flashyard_bridge.errors import HANDLERS
from flashyard_bridge.gate import LOOPBACK_ORIGIN, CrossOrigin, Doors, FrontDoor, TokenDoor
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.methods import HeadAsGet
from flashyard_bridge.metrics.exposition import Metrics
from flashyard_bridge.rest import page, routers
from flashyard_bridge.rest.health import Vitals
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
