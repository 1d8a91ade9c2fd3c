"""The way back of a job, decided before it starts: refused where there is none. Sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.orders import OrderStep, RollbackPlan
from flashyard.contract.plans import FlashPlan, PlannedStep
from flashyard.contract.records import Device, StartOptions, StoredImage
from flashyard_bridge.rollback.ledger import Good
from flashyard_bridge.rollback.places import letter_of, places_of
from flashyard_bridge.state import BridgeState

_LONGEST = 300  # characters of a plan's words, which every job of a queue carries


class Target(NamedTuple):
    """One step as the way back sees it: a name, and how it is to be written."""

    partition: str
    planned: PlannedStep | None = None

    @property
    def is_other(self) -> bool:
        """Does it go to the slot that the job as a whole does not write?"""
        return self.planned is not None and self.planned.slot == "other"


async def plan_rollback(
    bridge: BridgeState, device: Device, options: StartOptions, targets: Sequence[Target]
) -> RollbackPlan | None:
    """Plan what a job's options ask for; None: nothing.

    Raises:
        FaultError: `rollback_impossible`.
    """
    if options.rollback == "slot":
        return _slot(device, options, targets)
    if options.rollback == "last-good":
        return await _last_good(bridge, device, options, targets)
    return None


def _slot(device: Device, options: StartOptions, targets: Sequence[Target]) -> RollbackPlan:
    name, current = device.device_id, device.current_slot
    if not device.slots:
        raise _impossible(f"{name} has no slots.", "Use `last-good`.")
    if len(device.slots) != 2 or current not in device.slots:
        raise _impossible(f"{name} does not tell which of its two slots is active.")
    letter = letter_of(device, options.slot)
    if options.slot is None or letter == current:
        raise _impossible(
            f"Slot {current} of {name} is active: there is no other to go back to.",
            "Write the inactive slot, or use `last-good`.",
        )
    shared = [each.partition for each in targets if _is_shared(device, each)]
    if shared:
        raise _impossible(
            "Both slots start with what would be written.",
            "Use `last-good`, or leave them out.",
            details=", ".join(shared)[:_LONGEST],
        )
    seen = ", and seen to start" if options.verify == "booted" else ""
    restarted = "" if options.reboot is False else ", the device restarted"
    return RollbackPlan(
        kind="slot",
        plan=f"If it fails once slot {letter} is active: slot {current} is made active again"
        f"{restarted}{seen}.",
    )


def _is_shared(device: Device, target: Target) -> bool:
    """Is it of the slot that is to be gone back to, or of none?"""
    known = device.partitions or {}
    return target.is_other or (
        target.partition in known and f"{target.partition}_{device.current_slot}" not in known
    )


async def _last_good(
    bridge: BridgeState, device: Device, options: StartOptions, targets: Sequence[Target]
) -> RollbackPlan:
    if options.slot == "inactive" or options.slot not in {None, device.current_slot}:
        raise _impossible(
            "It would go on from the slot it starts from now.", "Use `slot` for the rollback."
        )
    if device.serial is None:
        raise _impossible(f"{device.device_id} does not tell its serial: it may be any.")
    layout = [each.partition for each in targets if each.planned and each.planned.method != "flash"]
    if layout:
        raise _impossible("A layout of logical partitions cannot be taken back.", details=layout[0])
    images = await _images(bridge, device, device.serial, targets, options)
    kept = FlashPlan(
        partitions=tuple(_planned(each, image) for each, image in zip(targets, images, strict=True))
    )
    words = ", ".join(
        f"{each.partition} gets {image.name} ({image.sha256[:12]})"
        for each, image in zip(targets, images, strict=True)
    )
    return RollbackPlan(
        kind="last-good",
        kept=await bridge.images.plans.keep(kept),
        steps=tuple(
            OrderStep(
                partition=step.partition,
                image=image,
                query=bridge.images.signature.sign(image.sha256, device.hub_id),
                slot=step.slot,
                before=step.before,
            )
            for step, image in zip(kept.partitions, images, strict=True)
        ),
        plan=f"If it fails once something was written, what was is written over: {words}"[
            :_LONGEST
        ],
    )


async def _images(
    bridge: BridgeState,
    device: Device,
    serial: str,
    targets: Sequence[Target],
    options: StartOptions,
) -> list[StoredImage]:
    """Find the last good image of every one of them; all or none."""
    named = [
        places_of(device, each.partition, options.slot, of_other=each.is_other) for each in targets
    ]
    on_record = await bridge.ledger.find(serial, {place for places in named for place in places})
    found = [
        await _stored(bridge, next((on_record[p] for p in places if p in on_record), None))
        for places in named
    ]
    lacking = [each.partition for each, image in zip(targets, found, strict=True) if image is None]
    if lacking:
        raise _impossible(
            f"No image that was good on {device.device_id} is on record, or in the store any more.",
            "Start it without, once: what completes is on record from then on.",
            details=", ".join(lacking)[:_LONGEST],
        )
    return [image for image in found if image is not None]


async def _stored(bridge: BridgeState, good: Good | None) -> StoredImage | None:
    """Look up the newest one alone: an older one may not go with what else was good then."""
    try:
        return await bridge.images.get(good.sha256) if good else None
    except FaultError:
        return None


def _planned(target: Target, image: StoredImage) -> PlannedStep:
    step = target.planned or PlannedStep(partition=target.partition, image=image.sha256)
    return step.with_(image=image.sha256)


def _impossible(sentence: str, hint: str | None = None, details: str | None = None) -> FaultError:
    return refuse(Code.ROLLBACK_IMPOSSIBLE, sentence, hint=hint, details=details)
