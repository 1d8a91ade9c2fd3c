"""The tables go up and down, with what is in them, whichever database it is."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection, insert, select

from flashyard_bridge.database.database import Database
from flashyard_bridge.database.migrate import downgrade, upgrade
from flashyard_bridge.database.tables.history import PAST_JOBS
from flashyard_bridge.database.tables.metadata import METADATA
from flashyard_bridge.database.tables.standing import STANDING_ORDERS
from flashyard_bridge.history import store
from support.databases import tables
from support.records import ended_job, past_of

_REVISIONS = ("0006", "0005", "0004", "0003", "0002", "0001", "base")
_ORDER = {
    "id": "a",
    "place": {"deviceId": "*"},
    "flash": {},
    "stop_after_failures": 3,
    "enabled": True,
    "created_at": 1,
}
_FIRST = [STANDING_ORDERS.c[name] for name in _ORDER]  # columns that were always there


def fill(connection: Connection) -> None:
    connection.execute(insert(STANDING_ORDERS), _ORDER)
    store.store(connection, [past_of(ended_job(number)) for number in range(3)])


async def test_revisions_go_down_and_up_with_what_is_in_the_tables(database: Database) -> None:
    await database.write(fill)
    for revision in _REVISIONS:
        await database.write(partial(downgrade, to=revision))
        if revision == "0001":
            [kept] = await database.read(lambda c: c.execute(select(*_FIRST)).all())
            assert (kept.id, kept.place, kept.enabled) == ("a", {"deviceId": "*"}, True)
    assert await database.read(tables) == ["alembic_version"]
    for revision in (*reversed(_REVISIONS[:-1]), "head"):
        await database.write(partial(upgrade, to=revision))
    assert sorted(await database.read(tables)) == sorted([*METADATA.tables, "alembic_version"])
    await database.write(fill)
    assert len(await database.read(lambda c: c.execute(select(PAST_JOBS)).all())) == 3
