"""Is there a way back, should it come to that? Asked before anything is changed."""

from __future__ import annotations

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.slots import other
from flashyard.flash.target import Bootloader, Description, Place

_NO_SNAPSHOT = frozenset({None, "", "none"})


def check(
    recipe: Recipe, device: Description, slot: str | None, bootloader: Bootloader | None
) -> None:
    """Refuse to begin what could not be taken back as is planned. ``slot``: what is written.

    A slot that is not to be written may lean on one that is, while a snapshot is merged.

    Raises:
        FaultError: `rollback_impossible`.
    """
    if recipe.way_back is None or recipe.way_back.kind != "slot":
        return
    if bootloader is None or other(slot, device.slots) is None:
        raise _impossible("The device has no other slot to go back to.")
    if recipe.slot == "active" or slot == device.current_slot:
        raise _impossible(f"Slot {slot} is the active one: there is no other to go back to.")
    snapshot = bootloader.ask("snapshot-update-status")
    if snapshot not in _NO_SNAPSHOT:
        raise _impossible(
            "The device has an update of its own under way, which its slots share.", snapshot
        )


def check_place(recipe: Recipe, step: Step, place: Place, slot: str | None) -> None:
    """Refuse a place that both slots start with.

    Raises:
        FaultError: `rollback_impossible`.
    """
    way = recipe.way_back
    if way is None or way.kind != "slot":
        return
    if step.other_slot or step.method != "flash" or not place.name.endswith(f"_{slot}"):
        raise _impossible(f"Both slots start with {place.name}.", place.name)


def check_image(recipe: Recipe, index: int, place: Place) -> None:
    """Refuse a last good image that does not fit where it would have to go.

    Raises:
        FaultError: `rollback_impossible`.
    """
    if recipe.way_back is None or not recipe.way_back.steps:
        return
    needed = recipe.way_back.steps[index].source.expanded_size
    if place.size is not None and needed > place.size and not place.resizable:
        raise _impossible(
            f"The image that was good in {place.name} does not fit there any more.",
            f"{needed} bytes for a partition of {place.size}",
        )


def _impossible(sentence: str, details: str | None = None) -> FaultError:
    return refuse(Code.ROLLBACK_IMPOSSIBLE, sentence, details=details)
