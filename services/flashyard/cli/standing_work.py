"""What `flashyard standing` does: standing orders made, told, started, stopped and removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer

from flashyard.cli.cargo import Cargo
from flashyard.cli.foresight import foresee_denials, judge_options
from flashyard.cli.loading import loaded
from flashyard.cli.mapping import judge_map
from flashyard.cli.reaching import bridge_of
from flashyard.cli.sending import send_missing, stored
from flashyard.cli.standing_rows import DEVICE_HEADS, HEADS, device_row, facts, row
from flashyard.cli.table import print_table
from flashyard.cli.talk import print_data, printable, say
from flashyard.cli.views import can_ask
from flashyard.cli.wish import Wish
from flashyard.client.bridge import Bridge
from flashyard.contract.faults import TABLE, Code, refuse
from flashyard.contract.model import Model
from flashyard.contract.standing import StandingOrder
from flashyard.settings import ClientSettings

_EMPTY = "No standing orders. `flashyard standing add` makes one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an order says beside a wish. ``where`` is in the words of REST; None is not said."""

    name: str | None
    where: Mapping[str, Any]
    stop_after: int | None
    max_devices: int | None


async def make(
    settings: ClientSettings, wish: Wish, terms: Terms, *, start: bool, yes: bool, json: bool
) -> int:
    """Make one, with its images; return the exit status.

    Raises:
        FaultError: it cannot be made, or is not agreed to.
        UnreachableError: no bridge.
    """
    judge_options(wish)
    judge_map(wish)
    if "," in (wish.devices or ""):
        raise refuse(
            Code.INVALID_REQUEST,
            "A standing order is for one name or glob.",
            hint="Make an order for each, or find a glob that fits all.",
        )
    where = {"deviceId": wish.devices or "*", "hubId": wish.hub_id, **terms.where}
    async with bridge_of(settings) as bridge:
        title = terms.name or "The standing order"
        if start and not await _is_agreed(bridge, title, where, yes=yes):
            return TABLE[Code.CANCELLED].exit
        async with loaded(wish) as cargo:
            if not wish.allow_dangerous:
                foresee_denials(cargo)
            for note in cargo.notes:
                say(printable(note))
            await send_missing(bridge, cargo, await stored(bridge, cargo))
        order = await bridge.add_standing_order(
            {
                "name": terms.name,
                "where": _said(where),
                "flash": _body(wish, cargo),
                "stopAfterFailures": terms.stop_after,
                "maxDevices": terms.max_devices,
                "enabled": start,
            }
        )
    _print(order, json=json)
    if not start:
        say(f"It is off. Start it with: flashyard standing start {order.id}")
    return 0


def _body(wish: Wish, cargo: Cargo) -> dict[str, Any]:
    """Make the body of a start, without its device."""
    options = {
        "slot": wish.slot,
        "verify": wish.verify,
        "rollback": wish.rollback,
        "erase": wish.erase or None,
        "wipe": wish.wipe or None,
        "reboot": None if wish.reboot else False,
        "allowDangerous": wish.allow_dangerous or None,
    }
    if cargo.is_plain:
        step = cargo.pieces[0].step
        return _said({"partition": step.partition, "image": step.image, **options})
    what: dict[str, list[Model]] = {"partitions": [piece.step for piece in cargo.pieces]}
    if cargo.requirements:
        what["requirements"] = list(cargo.requirements)
    told = {
        name: [each.model_dump(by_alias=True, exclude_none=True) for each in models]
        for name, models in what.items()
    }
    return _said({**told, **options})


async def print_all(settings: ClientSettings, *, json: bool) -> None:
    """List them."""
    async with bridge_of(settings) as bridge:
        orders = await bridge.standing_orders()
    if json:
        for order in orders:
            print_data(order.encode().decode())
    elif not orders:
        say(_EMPTY)
    else:
        print_table(HEADS, [[*map(printable, row(order))] for order in orders])


async def print_one(settings: ClientSettings, named: str, *, json: bool) -> None:
    """Tell all of one."""
    async with bridge_of(settings) as bridge:
        order = await _find(bridge, named)
        devices = await bridge.devices()
    if json:
        print_data(order.encode().decode())
        return
    for name, value in facts(order):
        print_data(f"{name:<10} {printable(value)}")
    theirs = [
        device_row(each, said)
        for each in devices
        if (said := each.standing_order) and said.id == order.id
    ]
    if theirs:
        print_data("")
        print_table(DEVICE_HEADS, [[*map(printable, each)] for each in theirs])


async def switch_on(settings: ClientSettings, named: str, *, yes: bool, json: bool) -> int:
    """Start one; return the exit status."""
    async with bridge_of(settings) as bridge:
        order = await _find(bridge, named)
        where = order.where.model_dump(by_alias=True)
        if not await _is_agreed(bridge, order.title, where, yes=yes):
            return TABLE[Code.CANCELLED].exit
        _print(await bridge.change_standing_order(order.id, {"enabled": True}), json=json)
    return 0


async def switch_off(settings: ClientSettings, named: str, *, json: bool) -> None:
    """Stop one."""
    async with bridge_of(settings) as bridge:
        order = await _find(bridge, named)
        _print(await bridge.change_standing_order(order.id, {"enabled": False}), json=json)


async def drop(settings: ClientSettings, named: str) -> None:
    """Remove one."""
    async with bridge_of(settings) as bridge:
        order = await _find(bridge, named)
        await bridge.remove_standing_order(order.id)
    print_data(order.id)


async def _find(bridge: Bridge, named: str) -> StandingOrder:
    orders = await bridge.standing_orders()
    found = [each for each in orders if each.id == named]
    found = found or [each for each in orders if each.name == named]
    if not found:
        raise refuse(Code.UNKNOWN_STANDING_ORDER, f"There is no standing order {named!r}.")
    if len(found) > 1:
        ids = ", ".join(each.id for each in found)
        raise refuse(
            Code.INVALID_REQUEST,
            f"Several standing orders are called {named!r}: {ids}.",
            hint="Name the one you mean by its id.",
        )
    return found[0]


async def _is_agreed(bridge: Bridge, title: str, where: Mapping[str, Any], *, yes: bool) -> bool:
    """Is it meant? Only where real devices may come is it asked."""
    if where["emulated"] or yes:
        return True
    if not can_ask():
        raise refuse(
            Code.INVALID_REQUEST,
            f"{title} flashes real devices as they are plugged in; off a terminal that needs "
            "--yes.",
            hint="Say --emulated for emulated ones alone, or add --yes.",
        )
    there = sum(each.online and not each.emulated for each in await bridge.devices())
    return typer.confirm(
        f"Flash every real device that {title} means, now and whenever one is plugged in "
        f"({there} real devices are there now)?",
        err=True,
    )


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _print(order: StandingOrder, *, json: bool) -> None:
    state = "on" if order.enabled else "off"
    print_data(order.encode().decode() if json else f"{order.id}  {state}")
