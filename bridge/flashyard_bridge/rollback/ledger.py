"""What was last written well where: one line for each place of each device, by its serial.

It takes down what it is given, in whatever order and as often; several bridges write one ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial

from sqlalchemy import Connection, delete, func, select

from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.rollback import LAST_GOOD
from flashyard_bridge.database.upsert import upsert

MAX_LINES = 200_000


@dataclass(frozen=True, slots=True)
class Good:
    """An image that was written to a place and found to be right there, at Unix ms."""

    serial: str
    place: str
    sha256: str
    job_id: str
    at: int


class Ledger:
    """Every method raises `database_unreachable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, lines: Iterable[Good]) -> None:
        """Take lines down; one that is older than what is there changes nothing."""
        kept = list(lines)
        if kept:
            await self._database.write(partial(note, lines=kept))

    async def find(self, serial: str, places: Collection[str]) -> Mapping[str, Good]:
        """Find, by place, what is on record of a device."""
        return await self._database.read(partial(find, serial=serial, places=places))


def note(connection: Connection, lines: Iterable[Good], most: int = MAX_LINES) -> None:
    """Take lines down, and drop the oldest of more than ``most``."""
    for line in lines:
        new = upsert(connection, LAST_GOOD).values(**asdict(line))
        connection.execute(
            new.on_conflict_do_update(
                index_elements=["serial", "place"],
                set_={name: new.excluded[name] for name in ("sha256", "job_id", "at")},
                where=LAST_GOOD.c.at < new.excluded.at,
            )
        )
    over = (connection.scalar(select(func.count()).select_from(LAST_GOOD)) or 0) - most
    if over > 0:
        key = (LAST_GOOD.c.serial, LAST_GOOD.c.place)
        oldest = select(*key).order_by(LAST_GOOD.c.at).limit(over).subquery()
        for serial, place in connection.execute(select(oldest)).all():
            connection.execute(delete(LAST_GOOD).where(key[0] == serial, key[1] == place))


def find(connection: Connection, serial: str, places: Collection[str]) -> Mapping[str, Good]:
    """Find what is on record of a device's places."""
    wanted = LAST_GOOD.select().where(
        LAST_GOOD.c.serial == serial, LAST_GOOD.c.place.in_(list(places))
    )
    return {row["place"]: Good(**row) for row in connection.execute(wanted).mappings()}
