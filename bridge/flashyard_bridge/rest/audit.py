"""The audit trail: who asked for what, when, from where, and what came of it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from flashyard.contract.audit import AuditPage
from flashyard.contract.faults import Code
from flashyard.contract.model import DeviceId, HubId, JobId, Millis, Model, Name
from flashyard_bridge.audit import reading
from flashyard_bridge.errors import ANY_ERROR, documented
from flashyard_bridge.rest import cursor
from flashyard_bridge.state import AnyTimeBridge

_PAGE = 100
_MOST = 1_000

router = APIRouter(tags=["audit"], responses=ANY_ERROR)


class AuditQuery(Model):
    """Which lines to list; all that is said must fit."""

    job_id: JobId | None = None
    device_id: DeviceId | None = None
    hub_id: HubId | None = None
    subject: Annotated[
        Name | None, Query(description="the id of a batch, a standing order or an image")
    ] = None
    action: Name | None = None
    identity: Annotated[Name | None, Query(description="whose token was shown")] = None
    outcome: Annotated[
        Name | None,
        Query(description="`accepted`, `refused`, `noted`; or how a job or a batch ended"),
    ] = None
    since: Annotated[Millis | None, Query(strict=False, description="Unix ms; then or later")] = (
        None
    )
    until: Annotated[Millis | None, Query(strict=False, description="Unix ms; before")] = None
    limit: Annotated[int, Query(ge=1, le=_MOST, strict=False)] = _PAGE
    cursor: Annotated[str, Query(max_length=200)] | None = None

    @property
    def sought(self) -> reading.Sought:
        """The same without the page."""
        names = reading.Sought.__dataclass_fields__
        return reading.Sought(**{name: getattr(self, name) for name in names})


@router.get(
    "/api/audit",
    operation_id="listAudit",
    summary="Read the audit trail",
    response_model_exclude_none=True,
    responses=documented(Code.INVALID_REQUEST, Code.DATABASE_UNREACHABLE),
)
async def list_audit(query: Annotated[AuditQuery, Query()], bridge: AnyTimeBridge) -> AuditPage:
    """List its lines, the newest first; `jobId` tells a job from its start to its end."""
    before = None if query.cursor is None else cursor.decode(query.cursor)[0]
    look = partial(reading.page, sought=query.sought, limit=query.limit + 1, before=before)
    found = await bridge.database.read(look)
    lines = tuple(found[: query.limit])
    more = cursor.encode((lines[-1].number, "")) if len(found) > len(lines) else None
    return AuditPage(audit=lines, count=len(lines), next_cursor=more)
