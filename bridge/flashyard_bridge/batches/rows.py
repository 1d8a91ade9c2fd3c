"""Batches in the database: made, found, listed, changed. Plain transactions.

What is decided is decided on what the database has, with nobody else writing: however many bridges
use it, each device is started once, and never more at a time than was asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, tuple_, update

from flashyard.contract.batches import OPEN_BATCH, BatchStatus, ItemStatus, Slow
from flashyard.contract.faults import Code, refuse
from flashyard_bridge.batches.kept import KeptBatch, KeptItem
from flashyard_bridge.database.tables.batches import BATCH_ITEMS, BATCHES

MAX_OPEN = 100  # batches under way
MAX_REMEMBERED = 1_000  # batches; of more, the oldest that ended go
KEY_HOLDS = 24 * 3600 * 1000  # ms in which a repeated request is known again
_B, _I = BATCHES.c, BATCH_ITEMS.c

Place = tuple[int, str]  # Unix ms and a batch's id


class Listed(NamedTuple):
    """A batch: how many of its devices are where, and slow; ``items``: all, of an open one."""

    batch: KeptBatch
    counts: Mapping[ItemStatus, int]
    slow: int
    items: Sequence[KeptItem] = ()


def add_batch(connection: Connection, batch: KeptBatch, items: Iterable[KeptItem]) -> KeptBatch:
    """Make one; where its request is a repeated one, return the first one's.

    Raises:
        FaultError: `idempotency_conflict`, or `rate_limited`: too many are under way.
    """
    if (known := with_key(connection, batch)) is not None:
        return known
    under_way = select(func.count()).where(_B.status.in_(OPEN_BATCH))
    if (connection.scalar(under_way) or 0) >= MAX_OPEN:
        raise refuse(Code.RATE_LIMITED, f"There are {MAX_OPEN} batches under way already.")
    connection.execute(insert(BATCHES).values(asdict(batch)))
    rows = [{"batch_id": batch.id, **asdict(item)} for item in items]
    connection.execute(insert(BATCH_ITEMS), rows)
    _forget_oldest(connection)
    return batch


def with_key(connection: Connection, batch: KeptBatch) -> KeptBatch | None:
    """Find the batch that the same request has made in the last 24 h.

    Raises:
        FaultError: `idempotency_conflict`: the key is that of another request.
    """
    if batch.idempotency_key is None:
        return None
    same = (
        _B.idempotency_key == batch.idempotency_key,
        _B.created_at > batch.created_at - KEY_HOLDS,
    )
    row = connection.execute(select(BATCHES).where(*same)).first()
    if row is None:
        return None
    if row.fingerprint != batch.fingerprint:
        raise refuse(Code.IDEMPOTENCY_CONFLICT)
    return _batch(row)


def one_batch(connection: Connection, batch_id: str) -> KeptBatch:
    """Look one up.

    Raises:
        FaultError: `unknown_batch`.
    """
    query = select(BATCHES).where(_B.id == batch_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise refuse(Code.UNKNOWN_BATCH)
    return _batch(row)


def items_of(connection: Connection, batch_id: str) -> list[KeptItem]:
    """List its devices, in the order in which they are started."""
    query = select(BATCH_ITEMS).where(_I.batch_id == batch_id).order_by(_I.number)
    return [_item(row) for row in connection.execute(query)]


def open_batches(connection: Connection) -> list[KeptBatch]:
    """List those that have not ended, the oldest first."""
    query = select(BATCHES).where(_B.status.in_(OPEN_BATCH)).order_by(_B.created_at, _B.id)
    return [_batch(row) for row in connection.execute(query)]


def page_of(
    connection: Connection,
    *,
    limit: int,
    statuses: Sequence[BatchStatus],
    job_id: str | None,
    before: Place | None,
) -> list[Listed]:
    """List some, the newest first; none of ``statuses`` is all of them."""
    query = select(BATCHES).order_by(_B.created_at.desc(), _B.id.desc()).limit(limit)
    if statuses:
        query = query.where(_B.status.in_(statuses))
    if job_id is not None:
        query = query.where(_B.id.in_(select(_I.batch_id).where(_I.job_id == job_id)))
    if before is not None:
        query = query.where(tuple_(_B.created_at, _B.id) < before)
    batches = [_batch(row) for row in connection.execute(query)]
    ids = [batch.id for batch in batches]
    counts, slow = _counts(connection, ids), _slow(connection, ids)
    return [
        Listed(
            batch,
            counts[batch.id],
            slow.get(batch.id, 0),
            items_of(connection, batch.id) if batch.is_open else (),
        )
        for batch in batches
    ]


def change_batch(connection: Connection, batch: KeptBatch, **changes: Any) -> KeptBatch:
    """Change some of its columns; return it as it is then."""
    connection.execute(update(BATCHES).where(_B.id == batch.id).values(changes))
    return replace(batch, **changes)


def change_item(connection: Connection, batch_id: str, item: KeptItem, **changes: Any) -> KeptItem:
    """Change some columns of a device; return it as it is then."""
    mine = and_(_I.batch_id == batch_id, _I.number == item.number)
    connection.execute(update(BATCH_ITEMS).where(mine).values(changes))
    return replace(item, **changes)


def mark_items(connection: Connection, batch_id: str, marks: Mapping[int, Slow | None]) -> None:
    """Set the marks of devices, by their numbers, or take them back."""
    for number, slow in marks.items():
        mine = and_(_I.batch_id == batch_id, _I.number == number)
        said = None if slow is None else slow.encode().decode()
        connection.execute(update(BATCH_ITEMS).where(mine).values(slow=said))


def skip_waiting(connection: Connection, batch_id: str, now: int) -> None:
    """Note of all that wait that they are not started any more."""
    theirs = and_(_I.batch_id == batch_id, _I.status == ItemStatus.WAITING)
    skipped = {"status": ItemStatus.SKIPPED, "finished_at": now}
    connection.execute(update(BATCH_ITEMS).where(theirs).values(skipped))


def same_item(connection: Connection, batch_id: str, seen: KeptItem) -> KeptItem | None:
    """Find an item as it is now; None where somebody else has taken it further."""
    mine = and_(_I.batch_id == batch_id, _I.number == seen.number)
    row = connection.execute(select(BATCH_ITEMS).where(mine)).one_or_none()
    if row is None:
        return None
    now = _item(row)
    return now if (now.status, now.tries) == (seen.status, seen.tries) else None


def _counts(connection: Connection, ids: Sequence[str]) -> Mapping[str, Counter[ItemStatus]]:
    query = (
        select(_I.batch_id, _I.status, func.count())
        .where(_I.batch_id.in_(ids))
        .group_by(_I.batch_id, _I.status)
    )
    counts: dict[str, Counter[ItemStatus]] = {each: Counter() for each in ids}
    for batch_id, status, number in connection.execute(query):
        counts[batch_id][ItemStatus(status)] = number
    return counts


def _slow(connection: Connection, ids: Sequence[str]) -> Mapping[str, int]:
    query = (
        select(_I.batch_id, func.count().label("slow"))
        .where(_I.batch_id.in_(ids), _I.slow.is_not(None))
        .group_by(_I.batch_id)
    )
    return {row.batch_id: row.slow for row in connection.execute(query)}


def _forget_oldest(connection: Connection) -> None:
    newest = select(_B.id).order_by(_B.created_at.desc(), _B.id.desc()).limit(MAX_REMEMBERED)
    old = and_(_B.id.not_in(newest), _B.status.not_in(OPEN_BATCH))
    ids = list(connection.scalars(select(_B.id).where(old)))
    connection.execute(delete(BATCH_ITEMS).where(_I.batch_id.in_(ids)))
    connection.execute(delete(BATCHES).where(_B.id.in_(ids)))


def _batch(row: Row[Any]) -> KeptBatch:
    fields = {name: getattr(row, name) for name in KeptBatch.__slots__}
    return KeptBatch(**{**fields, "status": BatchStatus(fields["status"])})


def _item(row: Row[Any]) -> KeptItem:
    fields = {name: getattr(row, name) for name in KeptItem.__slots__}
    return KeptItem(**{**fields, "status": ItemStatus(fields["status"])})
