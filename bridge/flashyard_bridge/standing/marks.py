"""What standing orders did, as it is kept: a claim before a start, its end after. Transactions.

Whoever claims a serial is the only one to start it, however many bridges use the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from flashyard.contract.faults import FaultError
from flashyard.contract.standing import StandingOrder
from flashyard_bridge.database.tables.standing import STANDING_MARKS, STANDING_ORDERS
from flashyard_bridge.standing.decision import Marks
from flashyard_bridge.standing.mark import Mark, State
from flashyard_bridge.standing.orders import count_end

MAX_REMEMBERED = 100_000  # serials of one order; the oldest go
_T = STANDING_MARKS.c
_BATCH = 500  # serials in a question; databases bound the number of its values


class End(NamedTuple):
    """What came of a job. ``counts``: a failure is held against the order; a cancel is not."""

    state: State
    at: int
    code: str | None = None
    error: str | None = None
    counts: bool = True


def find_marks(
    connection: Connection, order_ids: Iterable[str], serials: Iterable[str]
) -> Mapping[str, Marks]:
    """Find, by order, the marks of these serials and all that run."""
    ids, wanted = list(order_ids), sorted(set(serials))
    found: dict[str, dict[str, Mark]] = {order_id: {} for order_id in ids}
    # Asked apart, each has an index to look in; together they would read all there is.
    wishes = [_T.state == State.RUNNING]
    wishes += [_T.serial.in_(wanted[at : at + _BATCH]) for at in range(0, len(wanted), _BATCH)]
    for wish in wishes:
        for row in connection.execute(select(STANDING_MARKS).where(_T.order_id.in_(ids), wish)):
            found[row.order_id][row.serial] = _told(row)
    return found


def claim(connection: Connection, order: StandingOrder, mark: Mark, seen: Mark | None) -> bool:
    """Note that a serial is about to be flashed; False: somebody else was first, or it is over.

    Args:
        connection: in a transaction that writes.
        order: as it was when it was decided.
        mark: what is to be noted.
        seen: what the decision was made on.
    """
    now = connection.execute(
        select(STANDING_ORDERS).where(STANDING_ORDERS.c.id == order.id)
    ).one_or_none()
    if now is None or not now.enabled or now.flash != order.flash:
        return False
    if now.max_devices is not None and now.flashed + _running(connection, order.id) >= (
        now.max_devices
    ):
        return False
    known = _find(connection, order.id, mark.serial)
    if known is None:
        if seen is not None:
            return False
        connection.execute(insert(STANDING_MARKS).values(order_id=order.id, **asdict(mark)))
        _forget_oldest(connection, order.id)
        return True
    if seen is None or known.state is not State.FAILED or known.tries != seen.tries:
        return False
    _keep(connection, order.id, mark)
    return True


def release(connection: Connection, order_id: str, mark: Mark) -> None:
    """Take back a claim of which nothing came: the device is as due as it was."""
    if _still(connection, order_id, mark) is None:
        return
    if mark.tries == 1:
        connection.execute(delete(STANDING_MARKS).where(_is(order_id, mark.serial)))
    else:
        tries = mark.tries - 1
        due = replace(mark, state=State.FAILED, tries=tries, job_id=None, unplugged=True)
        _keep(connection, order_id, due)


def follow(connection: Connection, order_id: str, mark: Mark, job_id: str) -> None:
    """Note that another job is the one to look at: the hub's own word, or somebody's retry."""
    if _still(connection, order_id, mark) is not None:
        _keep(connection, order_id, replace(mark, state=State.RUNNING, job_id=job_id))


def settle(connection: Connection, order_id: str, mark: Mark, end: End) -> StandingOrder | None:
    """Note an end, and count it; None: somebody else did, or the order is gone."""
    known = _still(connection, order_id, mark)
    if known is None or known.state in {end.state, State.FLASHED}:
        return None
    ended = replace(
        known, state=end.state, at=end.at, code=end.code, error=end.error, unplugged=False
    )
    _keep(connection, order_id, ended)
    is_good, was_bad = end.state is State.FLASHED, known.state is State.FAILED
    try:
        return count_end(
            connection,
            order_id,
            at=end.at,
            flashed=int(is_good),
            failed=-1 if was_bad else int(not is_good),
            error=end.error if end.counts and not is_good else None,
        )
    except FaultError:
        return None


def note_refusal(
    connection: Connection, order: StandingOrder, mark: Mark, seen: Mark | None
) -> StandingOrder | None:
    """Note a try that came to no job: it counts as a failure."""
    if not claim(connection, order, replace(mark, state=State.RUNNING), seen):
        return None
    end = End(State.FAILED, mark.at, mark.code, mark.error)
    return settle(connection, order.id, replace(mark, state=State.RUNNING), end)


def note_sight(connection: Connection, order_id: str, mark: Mark) -> None:
    """Keep what was seen of a device that failed."""
    failed = and_(_is(order_id, mark.serial), _T.state == State.FAILED, _T.tries == mark.tries)
    seen = {"session": mark.session, "unplugged": mark.unplugged}
    connection.execute(update(STANDING_MARKS).where(failed).values(seen))


def _running(connection: Connection, order_id: str) -> int:
    query = select(func.count()).where(_T.order_id == order_id, _T.state == State.RUNNING)
    return connection.scalar(query) or 0


def _forget_oldest(connection: Connection, order_id: str) -> None:
    mine = _T.order_id == order_id
    nth = select(_T.at).where(mine).order_by(_T.at.desc()).offset(MAX_REMEMBERED).limit(1)
    limit = connection.scalar(nth)
    if limit is not None:
        old = and_(mine, _T.at <= limit, _T.state != State.RUNNING)
        connection.execute(delete(STANDING_MARKS).where(old))


def _still(connection: Connection, order_id: str, mark: Mark) -> Mark | None:
    """Find a mark unless its job is another one by now."""
    known = _find(connection, order_id, mark.serial)
    is_same = known is not None and (known.job_id, known.tries) == (mark.job_id, mark.tries)
    return known if is_same else None


def _find(connection: Connection, order_id: str, serial: str) -> Mark | None:
    row = connection.execute(select(STANDING_MARKS).where(_is(order_id, serial))).one_or_none()
    return None if row is None else _told(row)


def _keep(connection: Connection, order_id: str, mark: Mark) -> None:
    fields = asdict(mark)
    del fields["serial"]
    connection.execute(update(STANDING_MARKS).where(_is(order_id, mark.serial)).values(**fields))


def _is(order_id: str, serial: str) -> Any:
    return and_(_T.order_id == order_id, _T.serial == serial)


def _told(row: Row[Any]) -> Mark:
    fields = {name: getattr(row, name) for name in Mark.__slots__}
    return Mark(**{**fields, "state": State(fields["state"])})
