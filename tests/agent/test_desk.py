"""The desk's memory: bounded, and long enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from flashyard.agent.bandwidth import Bandwidth
from flashyard.agent.bounded import Bounded
from flashyard.agent.claims import Claims
from flashyard.agent.clock import Clock
from flashyard.agent.desk import Desk
from flashyard.agent.idempotency import LIFE_MS, Keys
from flashyard.agent.journal.ledger import KeptJob, KeptKey
from flashyard.agent.limiting import Limiting
from flashyard.agent.newcomer import newcomer
from flashyard.agent.presence import Presence
from flashyard.agent.queueing.permits import Permits
from flashyard.agent.queueing.turns import Turn, Turns
from flashyard.contract.faults import Code, Fault, fault
from flashyard.contract.limits import Limits
from flashyard.contract.orders import (
    AnyOrder,
    CancelOrder,
    LimitsOrder,
    PauseOrder,
    Receipt,
    ResumeOrder,
)
from flashyard.contract.phases import Status
from flashyard.contract.records import StartOptions
from flashyard.contract.topics import MAX_PAYLOAD
from support.bridge_peer import new_job_id
from support.faults import refused
from support.image_server import stored
from support.told import ORDER

NOW = 1_703_001_234_000


def desk(ended: Bounded[str, Status] | None = None, trouble: Fault | None = None) -> Desk:
    clock = Clock(wall=lambda: NOW / 1000)
    keys = Keys(clock.now, lambda _used: None, lambda _job_id: None)
    known = Bounded[str, Status](10) if ended is None else ended
    bandwidth = Bandwidth(0, 0, clock.monotonic, lambda _what, _rate: None)
    presence = Presence("bench-a", "s1", clock, Limits(max_parallel=1))
    limiting = Limiting(bandwidth, Permits(Turns(), 1), presence, lambda: None)
    return Desk(
        {},
        known,
        "s1",
        clock,
        keys=keys,
        claims=Claims(_nothing),
        trouble=lambda: trouble,
        limiting=limiting,
        take_on=_nothing,
    )


def cancel(number: int, job_id: str = ORDER.job_id) -> CancelOrder:
    return CancelOrder(order_id=f"o-{number}", job_id=job_id, session="s1", issued_at=NOW)


def take(where: Desk, number: int) -> Receipt:
    receipt = where.take(cancel(number).encode())
    assert isinstance(receipt, Receipt)
    return receipt


def test_the_last_thousand_receipts_are_repeated() -> None:
    ended: Bounded[str, Status] = Bounded(10)
    where = desk(ended)
    first = take(where, 0)
    assert first.code is Code.UNKNOWN_JOB
    for number in range(1, 1000):
        take(where, number)
    ended[ORDER.job_id] = Status.COMPLETED
    assert take(where, 0) is first
    take(where, 1000)
    assert take(where, 0).code is Code.ALREADY_FINAL, "the oldest was forgotten"


def test_a_thousand_cancels_that_came_early_are_remembered() -> None:
    where = desk()
    job_ids = [new_job_id() for _ in range(1001)]
    for number, job_id in enumerate(job_ids):
        where.take(cancel(number, job_id).encode())
    for job_id, code in ((job_ids[0], Code.UNKNOWN_DEVICE), (job_ids[1], Code.CANCELLED)):
        start = ORDER.with_(job_id=job_id, order_id=f"start-{job_id}", issued_at=NOW)
        receipt = where.take(start.encode())
        assert receipt is not None
        assert receipt.code is code


def _nothing(_said: object) -> None:
    """Write nothing down."""


def test_a_payload_over_the_limit_is_ignored() -> None:
    assert desk().take(b" " * (MAX_PAYLOAD + 1)) is None


@pytest.mark.parametrize("jump", [0, 3_600_000, -3_600_000])
def test_a_key_lives_for_a_day_on_its_device_whoever_sets_the_clock(jump: int) -> None:
    now, elapsed = [0], [0.0]
    keys = Keys(lambda: now[0], _nothing, _nothing, lambda: elapsed[0])
    order = ORDER.with_(idempotency_key="once")
    assert keys.first(order) is None
    keys.use(order)
    again = order.with_(job_id=new_job_id(), order_id="o2", issued_at=7, query="other")
    assert keys.first(again) == order.job_id
    assert keys.first(again.with_(device_id="DEVICE_2")) is None
    for other in (
        {"partition": "boot"},
        {"total_bytes": 1},
        {"image": stored(b"image")},
        {"options": StartOptions(erase=True)},
    ):
        with refused(Code.IDEMPOTENCY_CONFLICT):
            keys.first(again.with_(**other))
    elapsed[0] = LIFE_MS / 1000
    now[0] = LIFE_MS + jump
    assert keys.first(again) == order.job_id
    elapsed[0] += 1
    assert keys.first(again) is None


def test_a_key_lives_on_over_a_restart_for_what_is_left_of_its_day() -> None:
    kept: list[KeptKey] = []
    order = ORDER.with_(idempotency_key="once")
    Keys(lambda: 1000, kept.append, _nothing).use(order)
    elapsed = [5.0]
    keys = Keys(lambda: LIFE_MS, _nothing, _nothing, lambda: elapsed[0])
    keys.restore(kept)
    assert keys.first(order) == order.job_id
    elapsed[0] += 1.1
    assert keys.first(order) is None


def test_a_key_is_known_though_the_hub_was_killed_between_its_job_and_the_key() -> None:
    order = ORDER.with_(idempotency_key="once")
    job = newcomer(order, "A phone", "bench-a", 5, 1000)
    begun = KeptJob(order, job, 0, Turn(order.job_id, 5, 1), None, "sim:1")
    keys = Keys(lambda: 2000, _nothing, _nothing)
    keys.restore([], [begun])
    assert keys.first(order.with_(job_id=new_job_id(), order_id="o2")) == order.job_id
    newer = KeptKey("DEVICE_1", "once", new_job_id(), "another body", 1500)
    keys.restore([newer], [begun])
    with refused(Code.IDEMPOTENCY_CONFLICT):
        keys.first(order)
    keys = Keys(lambda: 2000, _nothing, _nothing)
    keys.restore([], [replace(begun, job=job.with_(requested="cancel"))])
    assert keys.first(order) is None, "its start may have been withdrawn"


def test_without_a_key_every_start_is_its_own() -> None:
    keys = Keys(lambda: 0, lambda _used: None, lambda _job_id: None)
    keys.use(ORDER)
    assert keys.first(ORDER) is None


@pytest.mark.parametrize(
    "make",
    [PauseOrder, ResumeOrder, partial(LimitsOrder, priority=9)],
    ids=["pause", "resume", "set"],
)
def test_what_could_not_be_written_down_is_refused_and_does_not_pile_up(
    make: Callable[..., AnyOrder],
) -> None:
    order = make(order_id="o-1", job_id=ORDER.job_id, session="s1", issued_at=NOW)
    answer = desk(trouble=fault(Code.DISK_FULL)).take(order.encode())
    assert answer is not None
    assert (answer.accepted, answer.code) == (False, Code.DISK_FULL)
