"""Room for an image in a logical partition, which can be had as long as all of them fit `super`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flashyard.flash.running.contact import Contact
from flashyard.flash.running.recipe import Step
from flashyard.flash.target import Place


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
