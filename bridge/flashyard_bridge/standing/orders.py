"""The standing orders as they are kept: made, changed, counted, removed. Plain transactions."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from flashyard.contract.faults import Code, refuse
from flashyard.contract.standing import Place, StandingOrder
from flashyard_bridge.audit.deeds import order_stopped
from flashyard_bridge.audit.lines import append
from flashyard_bridge.database.tables.standing import STANDING_MARKS, STANDING_ORDERS
from flashyard_bridge.standing.mark import State

MAX_ORDERS = 100
_ANEW = {"failed": 0, "failures_in_row": 0, "last_error": None, "stopped_because": None}


def all_orders(connection: Connection) -> list[StandingOrder]:
    """List them, the oldest first."""
    by_age = select(STANDING_ORDERS).order_by(STANDING_ORDERS.c.created_at, STANDING_ORDERS.c.id)
    return [_told(row) for row in connection.execute(by_age).mappings()]


def one_order(connection: Connection, order_id: str) -> StandingOrder:
    """Look one up.

    Raises:
        FaultError: `unknown_standing_order`.
    """
    return _told(_row(connection, order_id))


def add_order(connection: Connection, wish: Mapping[str, Any], now: int) -> StandingOrder:
    """Make one of its `name`, `where`, `flash`, limits and `enabled`, by column.

    Raises:
        FaultError: `invalid_request`: there are too many.
    """
    if connection.scalar(select(func.count()).select_from(STANDING_ORDERS)) == MAX_ORDERS:
        raise refuse(Code.INVALID_REQUEST, f"There are {MAX_ORDERS} standing orders already.")
    order_id = f"standing_{secrets.token_hex(4)}"
    row = {**wish, "id": order_id, "created_at": now}
    connection.execute(insert(STANDING_ORDERS).values(row))
    return one_order(connection, order_id)


def change_order(connection: Connection, order_id: str, wish: Mapping[str, Any]) -> StandingOrder:
    """Change some columns, and begin to count failures anew.

    What failed may be tried again once it is enabled; what is flashed otherwise is due again for
    every serial.

    Raises:
        FaultError: `unknown_standing_order`.
    """
    old = _row(connection, order_id)
    changes: dict[str, Any] = dict(wish)
    theirs = delete(STANDING_MARKS).where(STANDING_MARKS.c.order_id == order_id)
    if changes.get("flash", old["flash"]) != old["flash"]:
        changes |= {"flashed": 0}
        connection.execute(theirs)
    elif changes.get("enabled", old["enabled"]):
        connection.execute(theirs.where(STANDING_MARKS.c.state == State.FAILED))
    if changes.get("enabled", True):
        changes |= _ANEW
    mine = STANDING_ORDERS.c.id == order_id
    connection.execute(update(STANDING_ORDERS).where(mine).values(changes))
    return one_order(connection, order_id)


def remove_order(connection: Connection, order_id: str) -> None:
    """Remove one with all it remembers; a job of it goes on.

    Raises:
        FaultError: `unknown_standing_order`.
    """
    _row(connection, order_id)
    connection.execute(delete(STANDING_MARKS).where(STANDING_MARKS.c.order_id == order_id))
    connection.execute(delete(STANDING_ORDERS).where(STANDING_ORDERS.c.id == order_id))


def count_end(
    connection: Connection, order_id: str, *, at: int, flashed: int, failed: int, error: str | None
) -> StandingOrder:
    """Count what came of a device at Unix ms, and stop the order where its limit is reached.

    ``flashed`` and ``failed`` are 1, 0, or -1 for what was counted wrongly. ``error`` None: a
    failure that is not held against the order.
    """
    order = _row(connection, order_id)
    row = order["failures_in_row"] + 1 if error and failed > 0 else order["failures_in_row"]
    changes: dict[str, Any] = {
        "flashed": order["flashed"] + flashed,
        "failed": max(0, order["failed"] + failed),
        "failures_in_row": 0 if flashed > 0 else row,
    }
    if error:
        changes["last_error"] = error[:1000]
    because = _reason_to_stop({**order, **changes})
    if because is not None and order["enabled"]:
        changes |= {"enabled": False, "stopped_because": because[:1000]}
        append(connection, [order_stopped(at, order_id, because)])
    mine = STANDING_ORDERS.c.id == order_id
    connection.execute(update(STANDING_ORDERS).where(mine).values(changes))
    return one_order(connection, order_id)


def _reason_to_stop(order: Mapping[str, Any]) -> str | None:
    failures, limit = order["failures_in_row"], order["stop_after_failures"]
    if failures >= limit:
        so_many = f"{failures} failures in a row" if failures > 1 else "a failure"
        return f"It stopped itself after {so_many}: {order['last_error']}"
    if order["max_devices"] is not None and order["flashed"] >= order["max_devices"]:
        return f"Its {order['max_devices']} devices are flashed."
    return None


def _row(connection: Connection, order_id: str) -> RowMapping:
    query = select(STANDING_ORDERS).where(STANDING_ORDERS.c.id == order_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise refuse(Code.UNKNOWN_STANDING_ORDER)
    return row


def _told(row: RowMapping) -> StandingOrder:
    fields = {name: row[name] for name in row if name != "place"}
    return StandingOrder(**fields, where=Place.model_validate(row["place"], by_alias=True))
