"""What was last written well where: in whatever order, as often, and by whichever bridge."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.metadata import METADATA
from flashyard_bridge.rollback import ledger
from flashyard_bridge.rollback.ledger import Good, Ledger


def good(place: str = "boot_a", at: int = 1, serial: str = "S1", sha256: str = "0") -> Good:
    return Good(serial, place, sha256 * 64, f"job_1703001234_{at:08}", at)


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[list[Ledger]]:
    """Two bridges at one database."""
    opened = [Database(database_url) for _ in range(2)]
    for database in opened:
        database.open()
    yield [Ledger(database) for database in opened]
    for database in opened:
        database.close()


async def test_the_newest_line_stays_whoever_writes_it_and_how_often(books: list[Ledger]) -> None:
    old, new = good(at=1), good(at=2, sha256="1")
    await books[0].note([new, old])
    await books[1].note([old, new, old])
    assert await books[0].find("S1", ["boot_a", "vendor"]) == {"boot_a": new}


async def test_another_serial_and_another_slot_are_others(books: list[Ledger]) -> None:
    lines = [good(), good(serial="S2", sha256="2"), good("boot_b", sha256="3")]
    await books[0].note(lines)
    assert await books[1].find("S1", ["boot_a", "boot_b"]) == {
        "boot_a": lines[0],
        "boot_b": lines[2],
    }
    assert await books[1].find("S3", ["boot_a"]) == {}


@given(
    st.lists(
        st.builds(
            good,
            place=st.sampled_from("abc"),
            at=st.integers(1, 50),
            serial=st.sampled_from(["S1", "S2"]),
        )
    ),
    st.integers(1, 4),
)
def test_the_ledger_never_grows_beyond_its_bounds_and_keeps_the_newest(
    lines: list[Good], most: int
) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        ledger.note(connection, lines, most)
        newest: dict[tuple[str, str], int] = {}
        for line in lines:
            key = line.serial, line.place
            newest[key] = max(line.at, newest.get(key, 0))
        kept = {
            (each.serial, each.place): each.at
            for serial in ("S1", "S2")
            for each in ledger.find(connection, serial, "abc").values()
        }
        assert sorted(kept.values()) == sorted(newest.values())[-most:]
        assert all(newest[key] == at for key, at in kept.items())
    engine.dispose()
