"""Is the bridge well, and does it know its hubs yet? The two paths that need no token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

import flashyard
from flashyard.contract.faults import Code
from flashyard.contract.model import Millis, Model
from flashyard.contract.records import Hub
from flashyard_bridge.history.archivist import Archivist
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.state import AnyTimeBridge

# What the original's readiness told its frontend, which asks for nothing newer.
_FRONTEND = "2.0.0"
_LATE = 3600 * 1000  # ms; for a record to wait with a hub that is there

router = APIRouter(tags=["health"])


@dataclass(frozen=True, slots=True)
class Vitals:
    """What only these two paths ask; the lifespan yields it as ``vitals``.

    ``port`` is the last listener's; ``archivist`` keeps the history.
    """

    port: int
    live: Live
    archivist: Archivist


def _vitals_of(request: Request) -> Vitals:
    vitals: Vitals = request.state.vitals
    return vitals


AskedVitals = Annotated[Vitals, Depends(_vitals_of)]


class Sockets(BaseModel):
    """The WebSocket side; in snake_case, as all of this answer, since the original's was."""

    port: int
    connected_clients: int


class Hubs(BaseModel):
    """How many hubs are online, of those that are known."""

    online: int
    known: int


class HubTrouble(BaseModel):
    """What keeps an online hub from working as it should; ``since``: Unix ms."""

    hub_id: str
    code: Code
    error: str
    hint: str | None = None
    since: int


class Unrecorded(BaseModel):
    """The ended jobs that a hub has the records of, and no history; see `Hub.unrecorded`."""

    hub_id: str
    waiting: int
    since: int | None = None
    lost: int


class Kept(BaseModel):
    """How the history is kept: ended jobs whose records wait to be stored, and what is wrong.

    What waits is stored once that can be done; what a bridge has no room for its hub keeps.
    ``unrecorded``: what hubs keep, as they said last.
    """

    waiting: int
    error: str | None = None
    details: str | None = None
    unrecorded: list[Unrecorded]


class KeptTrail(BaseModel):
    """How the audit trail is kept: lines that wait to be written, and what is wrong.

    ``lost``: those that were not written since the bridge began, and never will be.
    """

    waiting: int
    lost: int
    error: str | None = None
    details: str | None = None


class Health(BaseModel):
    """``database``: whether it answers, and takes what is to be stored in it."""

    status: Literal["ok", "degraded"]
    websocket: Sockets
    active_jobs: int
    broker: Literal["connected", "unreachable"]
    database: Literal["connected", "unreachable", "cannot_be_written"]
    history: Kept
    audit: KeptTrail
    hubs: Hubs
    troubles: list[HubTrouble]


class Flags(Model):
    """What can be done here."""

    flash_operations_enabled: Literal[True] = True


class Ready(Model):
    """``ok`` once the first picture is complete; the rest is what the original told beside it."""

    ok: bool
    server_version: str = flashyard.__version__
    api_version: Literal["v1"] = "v1"
    feature_flags: Flags = Flags()
    required_frontend_min_version: str = _FRONTEND
    timestamp: Millis


@router.get("/health", response_model_exclude_none=True, responses={503: {"model": Health}})
async def health(bridge: AnyTimeBridge, vitals: AskedVitals, response: Response) -> Health:
    """Tell how the bridge is; 503 and `degraded` while broker or database are out of reach.

    A hub's trouble is told as `degraded`, too, but with 200: the bridge itself can be relied on.
    So is a hub that has told a record for an hour, and no history took it.
    """
    hubs = bridge.fleet.hubs()
    troubles = _troubles(hubs)
    is_quiet = not troubles and not any(_is_late(hub, bridge.now()) for hub in hubs)
    is_up, has_database = bridge.link.is_up, await bridge.database.answers()
    trail, trouble = bridge.trail, vitals.archivist.trouble
    takes_all = trouble is None and trail.trouble is None
    is_well = is_up and has_database and takes_all
    response.status_code = 200 if is_well else 503
    return Health(
        status="ok" if is_well and is_quiet else "degraded",
        websocket=Sockets(port=vitals.port, connected_clients=vitals.live.connected),
        active_jobs=sum(job.is_active for job in bridge.fleet.jobs()),
        broker="connected" if is_up else "unreachable",
        database=_database(answers=has_database, takes=takes_all),
        history=Kept(
            waiting=vitals.archivist.waiting,
            error=trouble.sentence if trouble else None,
            details=trouble.details if trouble else None,
            unrecorded=[
                Unrecorded(hub_id=hub.hub_id, **dict(hub.unrecorded))
                for hub in hubs
                if hub.unrecorded
            ],
        ),
        audit=KeptTrail(
            waiting=trail.waiting,
            lost=trail.lost,
            error=trail.trouble.sentence if trail.trouble else None,
            details=trail.trouble.details if trail.trouble else None,
        ),
        hubs=Hubs(online=sum(hub.online for hub in hubs), known=len(hubs)),
        troubles=troubles,
    )


def _database(
    *, answers: bool, takes: bool
) -> Literal["connected", "unreachable", "cannot_be_written"]:
    if not answers:
        return "unreachable"
    return "connected" if takes else "cannot_be_written"


def _troubles(hubs: Sequence[Hub]) -> list[HubTrouble]:
    return [
        HubTrouble(hub_id=hub.hub_id, **dict(trouble))
        for hub in hubs
        if hub.online
        for trouble in hub.troubles or ()
    ]


def _is_late(hub: Hub, now: int) -> bool:
    since = hub.unrecorded.since if hub.unrecorded else None
    return hub.online and since is not None and now - since > _LATE


@router.get("/api/v1/ready", responses={503: {"model": Ready}})
async def ready(bridge: AnyTimeBridge, response: Response) -> Ready:
    """Tell whether snapshots and reads can be answered; 503 before."""
    is_complete = bridge.first_picture.is_set()
    response.status_code = 200 if is_complete else 503
    return Ready(ok=is_complete, timestamp=bridge.now())
