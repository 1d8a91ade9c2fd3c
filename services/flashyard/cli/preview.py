"""What would be done, line by line: for a dry run, and before a person agrees. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from flashyard.cli.amounts import clock, size
from flashyard.cli.cargo import Cargo, Piece
from flashyard.cli.mapping import covered
from flashyard.cli.naming import named
from flashyard.cli.usual import NOBODY_KNOWS, Usual
from flashyard.cli.wish import Wish
from flashyard.contract.plans import Requirement
from flashyard.contract.records import Device

_RESTARTS = {"reboot-bootloader": "its bootloader", "reboot-fastboot": "fastbootd"}


def plan_lines(
    wish: Wish,
    cargo: Cargo,
    devices: Sequence[Device],
    stored: Collection[str],
    usual: Usual = NOBODY_KNOWS,
) -> Iterator[str]:
    """Yield the plan.

    Args:
        wish: what is asked for.
        cargo: what is flashed.
        devices: those that are meant.
        stored: the SHA-256 of what the bridge has already.
        usual: how long it usually takes, by hub and device.
    """
    yield from _plain(wish, cargo, stored) if cargo.is_plain else _whole(wish, cargo, stored)
    if turn := ", ".join(wish.turn.words()):
        yield f"when       {turn}"
    for device in devices:
        kind = "emulated" if device.emulated else "real"
        state = "online" if device.online else "offline"
        busy = f", {len(device.queue) + 1} jobs before it" if device.current_job else ""
        name = f"{named(device)} ({device.device_name})"
        known = usual.get((device.hub_id, device.device_id))
        long = f", usually {clock(known.duration_ms)}" if known else ""
        yield f"device     {name} on hub {device.hub_id}: {kind}, {state}{busy}{long}"
        left = [piece.image.name for piece in cargo.pieces if piece not in cargo.pieces_for(device)]
        if left:
            yield f"           it has no slots: without {', '.join(left)}"


def _plain(wish: Wish, cargo: Cargo, stored: Collection[str]) -> Iterator[str]:
    [piece] = cargo.pieces
    image = piece.image
    where = (
        "it is in the bridge's store already"
        if image.sha256 in stored
        else "it would be sent first"
    )
    yield f"image      {image.name} ({size(image.size)}), sha256 {image.sha256}; {where}"
    if piece.bmap is not None:
        yield f"map        {piece.bmap}: {covered(piece.facts)} are written"
    steps = ["erase"] if wish.erase else []
    steps += ["write"]
    steps += ["read back"] if wish.verify == "readback" else []
    steps += ["wipe the user's data"] if wish.wipe else []
    steps += [_restart(wish)] if wish.reboot else []
    slot = "" if wish.slot in {None, "active"} else f", slot {wish.slot}"
    yield f"partition  {piece.partition}{slot}: {', '.join(steps)}"
    yield from _if_it_fails(wish)


def _whole(wish: Wish, cargo: Cargo, stored: Collection[str]) -> Iterator[str]:
    if cargo.order is not None:
        yield f"image      {cargo.name}, {cargo.order}"
    if wish.slot not in {None, "active"}:
        yield f"slot       {wish.slot}"
    for number, each in enumerate(cargo.requirements):
        yield f"{'' if number else 'requires':<11}{_asked(each)}"
    yield from _steps(wish, cargo.pieces, stored)
    if wish.wipe:
        yield "then       erase the user's data"
    if wish.reboot:
        yield f"then       {_restart(wish)}"
    yield from _if_it_fails(wish)
    for note in cargo.notes:
        yield f"note       {note}"


def _steps(wish: Wish, pieces: Sequence[Piece], stored: Collection[str]) -> Iterator[str]:
    doings = [_doing(wish, piece) for piece in pieces]
    width = max(map(len, doings))
    for number, (piece, doing) in enumerate(zip(pieces, doings, strict=True), 1):
        if piece.step.before is not None:
            yield f"           restart into {_RESTARTS[piece.step.before]}"
        where = "stored already" if piece.image.sha256 in stored else "to be sent"
        amount = size(piece.image.size)
        yield (f"{f'step {number}':<11}{doing:<{width}}  {amount:>8}  {piece.image.name}, {where}")
        if piece.bmap is not None:
            yield f"           by {piece.bmap}: {covered(piece.facts)} are written"


def _doing(wish: Wish, piece: Piece) -> str:
    if piece.step.method == "update-super":
        return f"lay out {piece.partition}"
    erased = "erase and " if wish.erase else ""
    other = " (other slot)" if piece.step.slot else ""
    read = " and read back" if wish.verify == "readback" else ""
    return f"{erased}write{read} {piece.partition}{other}"


def _restart(wish: Wish) -> str:
    return "restart, and see it come back" if wish.verify == "booted" else "restart"


def _if_it_fails(wish: Wish) -> Iterator[str]:
    if wish.rollback == "slot":
        yield "if not     back to the slot that is active now"
    elif wish.rollback == "last-good":
        yield "if not     back to the images that last completed on the device"


def _asked(each: Requirement) -> str:
    values = " or ".join(each.values)
    verb = "is not" if each.reject else "is"
    whose = f", of a {each.product}" if each.product else ""
    return f"{each.variable} {verb} {values}{whose}"
