"""What the bridge would refuse, seen before an image is sent to it; in the bridge's words.

It knows what is on record: a device whose partitions are not known is left to the bridge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event

from flashyard.contract.faults import Code, Fault, fault, refuse
from flashyard.contract.records import Device
from flashyard.flash.facts import ImageFacts
from flashyard.flash.image import inspect

_SLOTS = ("active", "inactive", "a", "b")
_CHECKS = ("none", "image", "readback", "booted")


def judge_options(*, verify: str | None, slot: str | None) -> None:
    """Raise `invalid_request` for values no device could be flashed with."""
    for name, value, known in (("verify", verify, _CHECKS), ("slot", slot, _SLOTS)):
        if value is None:
            continue
        if value not in known:
            *some, last = map(repr, known)
            raise refuse(
                Code.INVALID_REQUEST,
                f"`{name}` is not valid: Input should be {', '.join(some)} or {last}.",
                hint="`flashyard flash --help` has more.",
            )


async def examine(path: Path, advance: Callable[[int], None], *, unpack: bool) -> ImageFacts:
    """Look at an image in a thread that ends soon where nobody waits; raises what `inspect` does.

    ``advance`` is told of so many more bytes of a compressed one; with ``unpack`` False that is
    not looked into.
    """
    given_up, read = Event(), 0

    def went(done: int) -> None:
        nonlocal read
        if given_up.is_set():
            raise refuse(Code.CANCELLED)
        advance(done - read)
        read = done

    try:
        return await asyncio.to_thread(partial(inspect, path, went, unpack=unpack))
    finally:
        given_up.set()


def misfit(device: Device, partition: str, slot: str | None, image: ImageFacts) -> Fault | None:
    """Tell why this device cannot take the image: `invalid_request`, `image_too_large`."""
    if slot == "inactive" and not device.slots:
        return fault(
            Code.INVALID_REQUEST,
            f"`slot` is not valid: {device.device_id} has no slots.",
            hint="Leave --slot out.",
        )
    named = slot if slot in {"a", "b"} else None
    if named is not None and named not in device.slots:
        return fault(
            Code.INVALID_REQUEST,
            f"`slot` is not one of {device.device_id}'s slots.",
            hint="Leave --slot out for the active one.",
        )
    sizes = device.partitions or {}
    bare = sizes.get(partition)
    room = sizes.get(f"{partition}_{named or device.current_slot}", bare)
    if room is None or image.expanded_size <= room:
        return None
    return fault(
        Code.IMAGE_TOO_LARGE,
        f"{image.expanded_size} bytes do not fit into {partition}, which has {room}.",
    )
