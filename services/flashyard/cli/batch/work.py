"""What `flashyard batch` does: batches started, told, followed and steered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flashyard.cli.batch.attending import attend
from flashyard.cli.batch.rows import counted, facts, item_table
from flashyard.cli.batch.views import showing
from flashyard.cli.cargo import Cargo
from flashyard.cli.flashing import chosen, foresee, is_agreed, print_plan, request_for
from flashyard.cli.foresight import judge_options
from flashyard.cli.loading import loaded
from flashyard.cli.mapping import judge_map
from flashyard.cli.outcome import SOME_FAILED
from flashyard.cli.preview import plan_lines
from flashyard.cli.reaching import bridge_of
from flashyard.cli.sending import send_missing, stored
from flashyard.cli.table import print_table
from flashyard.cli.talk import print_data, printable, say
from flashyard.cli.wish import Manner, Wish
from flashyard.client.bridge import Bridge, Verb
from flashyard.contract.batches import Batch, BatchItem, BatchStatus, ItemStatus
from flashyard.contract.faults import TABLE, Code, refuse
from flashyard.contract.records import Device
from flashyard.settings import ClientSettings

_LEFT = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a batch says beside a wish; None is not said."""

    name: str | None = None
    max_parallel: int | None = None
    max_failures: int | None = None
    max_failure_percent: float | None = None
    stop_on_error: bool = False


async def run(settings: ClientSettings, wish: Wish, terms: Terms, manner: Manner) -> int:
    """Start one, with its images, and follow it; return the exit status.

    Raises:
        FaultError: nothing was started.
        UnreachableError: no bridge, or none any more.
    """
    judge_options(wish)
    judge_map(wish)
    async with bridge_of(settings) as bridge:
        known = await bridge.devices()
        devices = chosen(known, wish)
        async with loaded(wish) as cargo:
            foresee(wish, devices, cargo)
            have = await stored(bridge, cargo)
            if manner.dry_run:
                await print_plan(bridge, wish, devices, cargo, have)
                return 0
            plan = [printable(line) for line in plan_lines(wish, cargo, devices, have)]
            body = _body(wish, terms, devices, cargo)
            body["devices"] = _names(devices, known)
            if not is_agreed(wish, cargo, devices, manner, plan):
                return TABLE[Code.CANCELLED].exit
            await send_missing(bridge, cargo, have)
        made = await bridge.start_batch(body)
        batch = await bridge.batch(made.batch_id)
        if manner.detach:
            print_data(batch.encode().decode() if manner.json else batch.batch_id)
            return 0
        return await _attend(bridge, batch, json=manner.json)


async def print_one(settings: ClientSettings, named: str, *, json: bool) -> None:
    """Tell all of one."""
    async with bridge_of(settings) as bridge:
        batch = await _find(bridge, named)
    if json:
        print_data(batch.encode().decode())
        return
    for name, value in facts(batch):
        print_data(f"{name:<8} {printable(value)}")
    print_data("")
    heads, rows = item_table(batch.items or ())
    print_table(heads, [[*map(printable, row)] for row in rows])


async def follow(settings: ClientSettings, named: str, *, json: bool) -> int:
    """Follow one to its end; return the exit status that goes with it."""
    async with bridge_of(settings) as bridge:
        return await _attend(bridge, await _find(bridge, named), json=json)


async def steer(settings: ClientSettings, verb: Verb, named: str, *, json: bool) -> None:
    """Have one cancelled, paused or resumed."""
    async with bridge_of(settings) as bridge:
        batch = await _find(bridge, named)
        now = await bridge.tell_batch(verb, batch.batch_id)
    word = "cancelling" if now.requested else now.status
    print_data(now.encode().decode() if json else f"{now.batch_id}  {word}")


def exit_status(batch: Batch) -> int:
    """Tell the exit status of a batch that ended.

    0 where every device was completed; the fault's own where all failed the same way; 3 where
    nothing failed but some were cancelled; else 5, some devices failed.
    """
    items = batch.items or ()
    exits = {_exit(item) for item in items}
    if exits == {0}:
        return 0
    if batch.status is BatchStatus.STOPPED:
        return SOME_FAILED
    bad = exits - {0}
    return bad.pop() if len(bad) == 1 and (0 not in exits or bad == {3}) else SOME_FAILED


def _exit(item: BatchItem) -> int:
    if item.status is ItemStatus.COMPLETED:
        return 0
    if item.status is ItemStatus.FAILED:
        return TABLE[item.code or Code.INTERNAL].exit
    return TABLE[Code.CANCELLED].exit


def _body(wish: Wish, terms: Terms, devices: Sequence[Device], cargo: Cargo) -> dict[str, Any]:
    """Make the body of the request, but for the devices.

    Raises:
        FaultError: `invalid_request`: not all devices are sent the same.
    """
    if len({cargo.pieces_for(device) for device in devices}) > 1:
        raise refuse(
            Code.INVALID_REQUEST,
            "Some of the devices have slots and others have none, and this writes both slots.",
            hint="Make a batch of each kind.",
        )
    start = request_for(wish, devices[0], cargo).model_dump(by_alias=True, exclude_none=True)
    del start["deviceId"], start["hubId"]
    said = {
        "name": terms.name,
        "maxParallel": terms.max_parallel,
        "maxFailures": terms.max_failures,
        "maxFailurePercent": terms.max_failure_percent,
        "continueOnError": False if terms.stop_on_error else None,
    }
    return {**start, **{name: value for name, value in said.items() if value is not None}}


def _names(devices: Iterable[Device], known: Iterable[Device]) -> list[str | dict[str, str]]:
    """Name them; with the hub only where several have one of the name: a body is bounded."""
    hubs = Counter(device.device_id for device in known)
    return [
        each.device_id
        if hubs[each.device_id] == 1
        else {"deviceId": each.device_id, "hubId": each.hub_id}
        for each in devices
    ]


async def _attend(bridge: Bridge, batch: Batch, *, json: bool) -> int:
    with showing(batch, json=json) as (views, question):
        for view in views:
            view.show(batch)
        ended = await attend(bridge, batch, views, question)
    if ended is None:
        say(f"The batch goes on; follow it with `flashyard batch watch {batch.batch_id}`.")
        print_data(batch.encode().decode() if json else batch.batch_id)
        return _LEFT
    if json:
        print_data(ended.encode().decode())
    else:
        took = ((ended.finished_at or ended.created_at) - ended.created_at) / 1000
        stopped = f" {printable(ended.stopped_because)}" if ended.stopped_because else ""
        print_data(f"Finished: {counted(ended)}.{stopped} Total time: {took:.1f}s")
    return exit_status(ended)


async def _find(bridge: Bridge, named: str) -> Batch:
    """Find one by its id, or the newest by its name."""
    known: Iterable[Batch] = await bridge.batches() if not named.startswith("batch_") else ()
    batch_id = next((batch.batch_id for batch in known if batch.name == named), named)
    if not batch_id.startswith("batch_"):
        raise refuse(Code.UNKNOWN_BATCH, f"There is no batch {named!r}.")
    return await bridge.batch(batch_id)
