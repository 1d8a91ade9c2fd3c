"""The audit trail: who asked for what, when, from where, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from flashyard.contract.audit import AuditPage, NumberedEntry
from flashyard.contract.faults import Code
from flashyard.contract.model import DeviceId, HubId, JobId, Millis, Name
from flashyard_bridge.audit import reading
from flashyard_bridge.audit.words import Action, Outcome
from flashyard_bridge.errors import ANY_ERROR, documented, reject
from flashyard_bridge.rest import cursor
from flashyard_bridge.rest.columns import utc, who
from flashyard_bridge.rest.export import Export, Sheet, described, pages_of
from flashyard_bridge.rest.narrowing import Narrowing
from flashyard_bridge.state import AnyTimeBridge

_PAGE = 100
_MOST = 1_000

router = APIRouter(tags=["audit"], responses=ANY_ERROR)


class AuditQuery(Narrowing):
    """Which lines to list; all that is said must fit."""

    job_id: JobId | None = None
    device_id: DeviceId | None = None
    hub_id: HubId | None = None
    subject: Annotated[
        Name | None, Query(description="the id of a batch, a standing order or an image")
    ] = None
    action: Action | None = None
    identity: Annotated[Name | None, Query(description="whose token was shown")] = None
    outcome: Annotated[
        Outcome | None,
        Query(description="`accepted`, `refused`, `noted`; or how a job or a batch ended"),
    ] = None
    since: Annotated[Millis | None, Query(strict=False, description="Unix ms; then or later")] = (
        None
    )
    until: Annotated[Millis | None, Query(strict=False, description="Unix ms; before")] = None
    limit: Annotated[
        int | None,
        Query(ge=1, strict=False, description=f"default {_PAGE}, at most {_MOST}; of a file: all"),
    ] = None
    cursor: Annotated[str, Query(max_length=200)] | None = None
    format: Annotated[
        Literal["json", "csv", "jsonl"], Query(description="`csv`, `jsonl`: a file of all of them")
    ] = "json"

    @property
    def sought(self) -> reading.Sought:
        """The same without the page."""
        names = reading.Sought.__dataclass_fields__
        return reading.Sought(**{name: getattr(self, name) for name in names})


_SHEET: Sheet[NumberedEntry] = Sheet(
    "flashyard-audit",
    {
        "number": lambda line: line.number,
        "at": lambda line: line.at,
        "time": lambda line: utc(line.at),
        "action": lambda line: line.action,
        "outcome": lambda line: line.outcome,
        "code": lambda line: line.code,
        "error": lambda line: line.error,
        "jobId": lambda line: line.job_id,
        "deviceId": lambda line: line.device_id,
        "hubId": lambda line: line.hub_id,
        "subject": lambda line: line.subject,
        **who(lambda line: line.requester),
        "details": lambda line: line.details and json.dumps(line.details, ensure_ascii=False),
    },
)


@router.get(
    "/api/audit",
    operation_id="listAudit",
    summary="Read the audit trail",
    response_model=AuditPage,
    response_model_exclude_none=True,
    responses=described() | documented(Code.INVALID_REQUEST, Code.DATABASE_UNREACHABLE),
)
async def list_audit(
    query: Annotated[AuditQuery, Query()], bridge: AnyTimeBridge
) -> AuditPage | Response:
    """List its lines, the newest first; `jobId` tells a job from its start to its end.

    With a `format` other than `json` it is a file of all of them, or of the newest `limit`.
    """
    after = None if query.cursor is None else cursor.decode(query.cursor)[0]

    async def read(before: int | None, most: int) -> Sequence[NumberedEntry]:
        before = after if before is None else before
        look = partial(reading.page, sought=query.sought, limit=most, before=before)
        return await bridge.database.read(look)

    if query.format != "json":
        pages = pages_of(read, lambda line: line.number, query.limit)
        return Export(bridge.exports, _SHEET, query.format, pages)
    limit = _PAGE if query.limit is None else query.limit
    if limit > _MOST:
        raise reject(Code.INVALID_REQUEST, "limit", f"is over {_MOST}; a file may have more.")
    found = await read(None, limit + 1)
    lines = tuple(found[:limit])
    more = cursor.encode((lines[-1].number, "")) if len(found) > limit else None
    return AuditPage(audit=lines, count=len(lines), next_cursor=more)
