"""What the bridge would refuse, seen before an image is sent to it; in the bridge's words.

It knows what is on record: a device whose partitions are not known is left to the bridge.
"""

from __future__ import annotations

from pathlib import Path

from flashyard.cli.cargo import Cargo, Piece
from flashyard.cli.reading import Advance, by_steps, read_through
from flashyard.cli.wish import Wish
from flashyard.contract.faults import Code, Fault, fault, refuse
from flashyard.contract.plans import Requirement
from flashyard.contract.records import Device
from flashyard.flash.images.facts import ImageFacts
from flashyard.flash.images.image import inspect
from flashyard.flash.running import denied

_SLOTS = ("active", "inactive", "a", "b")
_CHECKS = ("none", "image", "readback", "booted")
_ROLLBACKS = ("none", "slot", "last-good")


def judge_options(wish: Wish) -> None:
    """Raise `invalid_request` or `rollback_impossible` for what goes with no device."""
    for name, value, known in (
        ("verify", wish.verify, _CHECKS),
        ("slot", wish.slot, _SLOTS),
        ("rollback", wish.rollback, _ROLLBACKS),
    ):
        if value is None:
            continue
        if value not in known:
            *some, last = map(repr, known)
            raise refuse(
                Code.INVALID_REQUEST,
                f"`{name}` is not valid: Input should be {', '.join(some)} or {last}.",
                hint="`flashyard flash --help` has more.",
            )
    if wish.rollback == "slot" and wish.slot in {None, "active"}:
        raise refuse(
            Code.ROLLBACK_IMPOSSIBLE,
            "There is a slot to go back to only where another one is written.",
            hint="Add --slot inactive, or take --rollback last-good.",
        )
    if wish.verify == "booted" and not wish.reboot:
        raise refuse(
            Code.INVALID_REQUEST,
            "`verify` cannot be `booted` without a restart.",
            hint="Leave out --no-reboot, or have it verified another way.",
        )


async def examine(path: Path, advance: Advance, *, unpack: bool) -> ImageFacts:
    """Look at an image in a thread that ends soon where nobody waits; raises what `inspect` does.

    ``advance`` is told of so many more bytes of a compressed one; with ``unpack`` False that is
    not looked into.
    """
    return await read_through(
        lambda more: inspect(path, by_steps(more), unpack=unpack),
        advance,
    )


def foresee_denials(cargo: Cargo) -> None:
    """Raise `partition_denied` for what every hub refuses unless it is allowed for the job."""
    for piece in cargo.pieces:
        denied.check(piece.partition)


def misfit(device: Device, cargo: Cargo, slot: str | None) -> Fault | None:
    """Tell why this device cannot take it all, as far as its record shows."""
    faults = (
        _misplaced(device, slot),
        *(_unheard_of(device, piece) for piece in cargo.pieces_for(device)),
        *(_outgrown(device, piece, slot) for piece in cargo.pieces_for(device)),
        *(_mismatched(device, each) for each in cargo.requirements),
    )
    return next(filter(None, faults), None)


def _misplaced(device: Device, slot: str | None) -> Fault | None:
    if not device.online:
        return None  # its slots may not be on record yet
    if slot == "inactive" and not device.slots:
        return fault(
            Code.INVALID_REQUEST,
            f"`slot` is not valid: {device.device_id} has no slots.",
            hint="Leave --slot out.",
        )
    if slot in {"a", "b"} and slot not in device.slots:
        return fault(
            Code.INVALID_REQUEST,
            f"`slot` is not one of {device.device_id}'s slots.",
            hint="Leave --slot out for the active one.",
        )
    return None


def _unheard_of(device: Device, piece: Piece) -> Fault | None:
    """Of a disk all partitions are known: there is but one."""
    if device.mode != "storage" or piece.partition in (device.partitions or {}):
        return None
    return fault(
        Code.UNKNOWN_PARTITION,
        f"{device.device_id} is a disk, which has no partition {piece.partition} to be named.",
        hint="A disk is written whole: name the partition `disk`.",
    )


def _outgrown(device: Device, piece: Piece, slot: str | None) -> Fault | None:
    """Where the other slot is meant, and logical partitions, are for the hub to judge."""
    if piece.step.slot is not None or piece.step.method != "flash":
        return None
    if device.mode == "dfu":
        return None  # a .dfu file is larger than what it writes
    letter = slot if slot in {"a", "b"} else device.current_slot
    if slot == "inactive":
        letter = next((each for each in device.slots if each != device.current_slot), None)
    sizes = device.partitions or {}
    room = sizes.get(f"{piece.partition}_{letter}", sizes.get(piece.partition))
    span = piece.facts.expanded_size
    if room is None or span <= room:
        return None
    return fault(
        Code.IMAGE_TOO_LARGE,
        f"{span} bytes do not fit into {piece.partition}, which has {room}.",
    )


def _mismatched(device: Device, asked: Requirement) -> Fault | None:
    """Of all that may be asked the product alone is on record."""
    is_known = device.product is not None and asked.variable == "product"
    if not is_known or asked.product not in {None, device.product}:
        return None
    fits = any(_is_like(device.product or "", value) for value in asked.values)
    if fits is not bool(asked.reject):
        return None
    wanted = " or ".join(asked.values)
    return fault(
        Code.DEVICE_MISMATCH,
        f"The image is {'not ' if asked.reject else ''}for {wanted}; "
        f"{device.device_id} is {device.product}.",
        hint="Use the image made for this product.",
    )


def _is_like(value: str, wanted: str) -> bool:
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted
