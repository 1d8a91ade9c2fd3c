"""What completed jobs took is learnt as they are stored, and recalled by what is most alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from flashyard.contract.expected import Expected
from flashyard.contract.history import JobRecord
from flashyard.contract.records import ImageRef, StartOptions
from flashyard_bridge.database.database import Database
from flashyard_bridge.database.tables.learning import LEARNT
from flashyard_bridge.history.history import History
from flashyard_bridge.history.past import Past
from flashyard_bridge.learning import store
from flashyard_bridge.learning.occasion import occasion_of_record
from flashyard_bridge.learning.store import Question, learn, recall
from support.learnt import TOOK, taken
from support.records import failed_job, past_of

OTHER_IMAGE = {"image": ImageRef(sha256="b" * 64, name="boot.img", size=1000)}


async def keep(database: Database, records: Sequence[JobRecord]) -> None:
    await History(database).store([Past(record, "hub", 1) for record in records])


async def expected(database: Database, record: JobRecord) -> Expected | None:
    question = Question(occasion_of_record(record), record.job.total_bytes)
    answers = await database.read(lambda connection: recall(connection, {question}))
    return answers.get(question)


async def ground(database: Database, **changes: Any) -> str:
    """What a job like those learnt from, but for these changes, is judged by."""
    job = changes.pop("job", {})
    told = await expected(database, taken(99, job=job, **changes))
    return "" if told is None else f"{' '.join(told.basis)}: {told.duration_ms}"


async def test_the_closest_likeness_of_which_there_are_three_is_the_one(database: Database) -> None:
    at_port = [taken(n, {**TOOK, "writing": 1_000}, port="usb:1-1") for n in range(3)]
    elsewhere = [taken(n, {**TOOK, "writing": 7_000}, port="usb:2-2") for n in range(3, 9)]
    await keep(database, [*at_port, *elsewhere])
    assert await ground(database, port="usb:1-1") == "image product port: 3000"
    assert await ground(database, port="usb:3-3") == "image product: 9000"
    assert await ground(database, product="tablet", port="usb:1-1") == "image: 9000"
    other = {"port": "usb:1-1", "job": OTHER_IMAGE}
    assert await ground(database, **other) == "product port: 3000"
    assert await ground(database, job=OTHER_IMAGE) == "product: 9000"
    assert await ground(database, product="tablet", job=OTHER_IMAGE) == ""
    assert await ground(database, product=None, port="usb:1-1") == "image: 9000"


@pytest.mark.parametrize(
    "changes",
    [
        {"emulated": True},
        {"job": {"options": StartOptions(verify="readback")}},
        {"job": {"options": StartOptions(erase=True)}},
        {"job": {"options": StartOptions(reboot=False)}},
        {"job": {"options": StartOptions(plan="c" * 64)}},
    ],
    ids=["emulated", "read back", "erased", "no restart", "several partitions"],
)
async def test_what_is_done_otherwise_is_another_matter(
    database: Database, changes: dict[str, Any]
) -> None:
    await keep(database, [taken(n) for n in range(3)])
    assert await ground(database) == "image product port: 10000"
    assert await ground(database, **changes) == ""


async def test_a_port_of_the_same_name_at_another_hub_is_another_port(database: Database) -> None:
    await keep(database, [taken(n) for n in range(3)])
    assert await ground(database, job={"hub_id": "hub-2"}) == "image product: 10000"


async def test_fewer_than_three_tell_nothing_and_neither_do_failures_nor_repetitions(
    database: Database,
) -> None:
    await keep(database, [taken(0), taken(1)])
    await keep(database, [taken(0), taken(1)])
    await History(database).store([past_of(failed_job(2))])
    assert await ground(database) == ""
    await keep(database, [taken(3)])
    assert await ground(database) == "image product port: 10000"


async def test_a_job_in_the_history_is_told_beside_what_is_usual_by_now(
    database: Database,
) -> None:
    await keep(database, [taken(n) for n in range(4)])
    past = await History(database).job(taken(0).job_id)
    assert past is not None
    assert past.expected is not None
    assert (past.duration_ms, past.expected.duration_ms) == (10_000, 10_000)
    assert past.expected.remaining_ms is None


async def test_of_too_many_occasions_the_oldest_are_forgotten(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_ROWS", 10)
    monkeypatch.setattr(store, "COUNTED", 1.0)
    monkeypatch.setattr(store, "SPARE", 2)
    for number in range(25):
        await keep(database, [taken(number, port=f"usb:{number}")])

    def rows(connection: Connection) -> list[str]:
        return list(connection.scalars(select(LEARNT.c.place).order_by(LEARNT.c.last_at)))

    places = await database.read(rows)
    assert 8 <= len(places) <= 10
    assert places == [f"hub-1 usb:{number}" for number in range(25)][-len(places) :]


async def test_many_different_jobs_are_learnt_from_in_one_go(database: Database) -> None:
    records = [taken(n, port=f"usb:{n % 300}") for n in range(1_000)]
    await database.write(lambda connection: learn(connection, records))
    rows = await database.read(lambda c: c.scalar(select(func.count()).select_from(LEARNT)))
    assert rows == 300
