"""Who had jobs started, as the trail has it. Plain transactions."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

from flashyard.contract.requester import Requester
from flashyard_bridge.database.among import among
from flashyard_bridge.database.tables.audit import AUDIT

_STARTS = ("start", "retry", "demo")


def starters(connection: Connection, job_ids: Collection[str]) -> Mapping[str, Requester]:
    """Tell who had these jobs started, by their ids; those of which no line says so are left out.

    A repeated request is answered with the job of the first: that one had it started.
    """
    said = (
        select(AUDIT.c.job_id, AUDIT.c.requester)
        .where(
            among(connection, AUDIT.c.job_id, job_ids),
            AUDIT.c.action.in_(_STARTS),
            AUDIT.c.outcome == "accepted",  # what was refused may name any job
            AUDIT.c.requester.is_not(None),
        )
        .order_by(AUDIT.c.number.desc())
    )
    return {row.job_id: row.requester for row in connection.execute(said)}
