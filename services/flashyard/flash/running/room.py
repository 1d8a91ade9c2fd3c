"""Room for an image in a logical partition, which can be had as long as all of them fit `super`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flashyard.contract.faults import Code, refuse
from flashyard.flash.running.contact import Contact
from flashyard.flash.running.recipe import Step
from flashyard.flash.target import Place

_SUPER = "super"
_SNAPSHOT = "-cow"  # gives way to what is written


def check_room(contact: Contact, steps: Sequence[Step], places: Sequence[Place | None]) -> None:
    """Refuse what would not fit `super`, were all that is written as small as it can be.

    A device that does not tell is left to refuse by itself.

    Raises:
        FaultError: `image_too_large`.
    """
    pairs = [
        (place, step.source.expanded_size)
        for step, place in zip(steps, places, strict=True)
        if place and place.resizable and place.mode is None
    ]
    needed = {place.name: size for place, size in pairs}
    grows = any((place.size or 0) < size for place, size in pairs)
    room = contact.description.partitions.get(_SUPER)
    # A new layout makes room of its own, and what snapshots hold is given up.
    if not room or not grows or any(step.method == "update-super" for step in steps):
        return
    others = sum(
        contact.target.locate(name, None).size or 0
        for name, size in contact.description.partitions.items()
        if size is None and name not in needed and not name.endswith(_SNAPSHOT)
    )
    if others + sum(needed.values()) > room:
        raise refuse(
            Code.IMAGE_TOO_LARGE,
            f"What is for {', '.join(needed)} is larger than the device's {_SUPER} has room for.",
            details=f"{sum(needed.values())} bytes beside {others} of others, of {room}",
        )


def make_room(
    contact: Contact, steps: Sequence[Step], places: list[Place | None], index: int
) -> None:
    """Let the place of a step grow to hold its image; those of later steps shrink first.

    What fits in the end would not always fit on the way: one grows before another one shrinks.
    ``places`` is kept true.
    """
    place, needed = places[index], steps[index].source.expanded_size
    if place is None or not place.resizable or (place.size or 0) >= needed:
        return
    for later in range(index + 1, len(steps)):
        other, size = places[later], steps[later].source.expanded_size
        if other and other.resizable and other.mode is None and (other.size or 0) > size:
            _resize(contact, other, size)
            places[later] = replace(other, size=size)
    _resize(contact, place, needed)


def _resize(contact: Contact, place: Place, size: int) -> None:
    contact.aftermath.note(place.name, "may be resized")
    contact.target.resize(place, size)
    contact.aftermath.note(place.name, "resized")
