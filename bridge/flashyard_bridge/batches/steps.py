"""A batch taken further: what was seen is noted, and what comes next claimed. Transactions.

A device is *claimed* before its hub is asked: who claims it is the only one to start it, and a
bridge that is killed in between leaves a row that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import NamedTuple

from sqlalchemy import Connection

from flashyard.contract.batches import BatchStatus, ItemStatus
from flashyard.contract.faults import Code, refuse
from flashyard_bridge.audit.deeds import batch_ended
from flashyard_bridge.audit.lines import append
from flashyard_bridge.batches.decision import Verdict, decide
from flashyard_bridge.batches.kept import Change, KeptBatch, KeptItem
from flashyard_bridge.batches.rows import (
    change_batch,
    change_item,
    items_of,
    one_batch,
    same_item,
    skip_waiting,
)

PATIENCE = 30_000  # ms after which the hub is asked again by whoever is there

Look = Callable[[KeptItem], Change | None]  # what the picture says of an item


class Step(NamedTuple):
    """A batch after a step; ``claimed``: the items that are to be started now."""

    batch: KeptBatch
    items: list[KeptItem]
    claimed: list[KeptItem]


def take_step(
    connection: Connection,
    batch_id: str,
    *,
    look: Look,
    mint: Callable[[int], str],
    now: int,
    hubs: Collection[str],
    permille: Callable[[KeptBatch, list[KeptItem]], int],
) -> Step:
    """Note what is seen of a batch's devices, and decide what comes next.

    Args:
        connection: in a transaction that writes.
        batch_id: whose.
        look: what the picture says of an item.
        mint: makes a job's id.
        now: Unix ms.
        hubs: those that can be asked, by id; the others' devices wait.
        permille: the batch's progress as it would be told.

    Raises:
        FaultError: `unknown_batch`.
    """
    batch = one_batch(connection, batch_id)
    items = items_of(connection, batch_id)
    if not batch.is_open:
        return Step(batch, items, [])
    items = [_noted(connection, batch_id, item, look(item)) for item in items]
    far = {index for index, item in enumerate(items) if item.hub_id not in hubs}
    batch, items = settle(connection, batch, items, now)
    claimed: list[KeptItem] = []
    if batch.is_open:
        verdict = _verdict(batch, items, far)
        for index in verdict.start:
            items[index] = change_item(
                connection,
                batch_id,
                items[index],
                status=ItemStatus.STARTING,
                job_id=mint(now),
                tries=1,
                due_at=now + PATIENCE,
                started_at=now,
            )
            claimed.append(items[index])
    if (told := permille(batch, items)) > batch.permille:
        batch = change_batch(connection, batch, permille=told)
    return Step(batch, items, claimed)


def settle(
    connection: Connection, batch: KeptBatch, items: list[KeptItem], now: int
) -> tuple[KeptBatch, list[KeptItem]]:
    """Stop a batch where too many failed, skip what is not started any more, and end it."""
    verdict = _verdict(batch, items)
    if verdict.stopped_because is not None:
        batch = change_batch(connection, batch, stopped_because=verdict.stopped_because)
    if verdict.is_to_skip:
        skip_waiting(connection, batch.id, now)
        items = items_of(connection, batch.id)
    if verdict.end is not None:
        batch = change_batch(connection, batch, status=verdict.end, finished_at=now)
        append(connection, [batch_ended(now, batch)])
    elif verdict.is_to_skip and batch.status is BatchStatus.PAUSED:
        # It has nothing left to hold back.
        batch = change_batch(connection, batch, status=BatchStatus.RUNNING)
    return batch, items


def cancel(connection: Connection, batch_id: str, now: int) -> KeptBatch:
    """Cancel one: nothing more is started; what runs is for the caller to stop.

    Raises:
        FaultError: `unknown_batch`, `already_final`.
    """
    batch = _unfinished(one_batch(connection, batch_id))
    if not batch.is_cancelling:
        batch = change_batch(connection, batch, is_cancelling=True, status=BatchStatus.RUNNING)
    return settle(connection, batch, items_of(connection, batch_id), now)[0]


def hold(connection: Connection, batch_id: str, *, is_paused: bool) -> KeptBatch:
    """Have it start nothing more, or go on.

    Raises:
        FaultError: `unknown_batch`, `already_final`, or `illegal_state`: it starts nothing more
            in any case.
    """
    batch = _unfinished(one_batch(connection, batch_id))
    if batch.is_cancelling or batch.stopped_because is not None:
        why = "is being cancelled" if batch.is_cancelling else "has stopped"
        hint = "What runs of it comes to its end."
        raise refuse(Code.ILLEGAL_STATE, f"The batch {batch.id} {why}.", hint=hint)
    status = BatchStatus.PAUSED if is_paused else BatchStatus.RUNNING
    return change_batch(connection, batch, status=status)


def claim_again(connection: Connection, batch_id: str, seen: KeptItem, now: int) -> KeptItem | None:
    """Be the one who asks a hub once more, for the same job; None: somebody else is."""
    if same_item(connection, batch_id, seen) is None:
        return None
    return change_item(connection, batch_id, seen, tries=seen.tries + 1, due_at=now + PATIENCE)


def postpone(
    connection: Connection,
    batch_id: str,
    seen: KeptItem,
    due_at: int,
    why: Mapping[str, str | None],
) -> None:
    """Note that a hub did not take a job, and when it is asked again."""
    if same_item(connection, batch_id, seen) is not None:
        change_item(connection, batch_id, seen, due_at=due_at, **why)


def note(connection: Connection, batch_id: str, seen: KeptItem, change: Change) -> None:
    """Note what became of an item, unless it was taken further meanwhile."""
    if same_item(connection, batch_id, seen) is not None:
        _noted(connection, batch_id, seen, change)


def _noted(
    connection: Connection, batch_id: str, item: KeptItem, change: Change | None
) -> KeptItem:
    if change is None:
        return item
    return change_item(connection, batch_id, item, **asdict(change))


def _verdict(batch: KeptBatch, items: list[KeptItem], far: Collection[int] = ()) -> Verdict:
    return decide(
        [item.status for item in items],
        batch.terms,
        is_paused=batch.status is BatchStatus.PAUSED,
        is_cancelling=batch.is_cancelling,
        has_stopped=batch.stopped_because is not None,
        out_of_reach=far,
    )


def _unfinished(batch: KeptBatch) -> KeptBatch:
    if not batch.is_open:
        raise refuse(Code.ALREADY_FINAL, f"The batch {batch.id} has already ended: {batch.status}.")
    return batch
