"""What is to be done to one device, once: steps in order, and the choices that hold for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flashyard.contract.plans import Before, Method, Requirement
from flashyard.contract.rollback import RollbackKind
from flashyard.flash.running.mark import Mark
from flashyard.flash.source import PART_SIZE, Source


@dataclass(frozen=True, slots=True)
class Step:
    """Bytes for one partition. ``source`` stays open until the run is over.

    ``other_slot``: they go to the slot the recipe does not write. ``method`` and ``before`` as
    in :class:`~flashyard.contract.plans.PlannedStep`.
    """

    partition: str
    source: Source
    other_slot: bool = False
    method: Method = "flash"
    before: Before | None = None


@dataclass(frozen=True, slots=True)
class WayBack:
    """What is done once if it fails. ``steps``: of `last-good`, one for each of the recipe's."""

    kind: RollbackKind
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The steps and how to take them.

    Attributes:
        steps: at least one.
        serial: the device's own, if another one must be refused.
        erase: erase each partition before it is written.
        requirements: what the device must say of itself.
        slot: which slot to write; another than the active one is made that at the end.
        allow_dangerous: also write partitions a device may not survive being written.
        denied: patterns of names that are to be held for such, beside those of the list.
        wipe: erase what belongs to the device's user, once all is written.
        reboot: restart the device at the end.
        booted: and see that it comes back as it should.
        hash_checked: the sources were found to have the SHA-256 they should have.
        generated: the sources have no SHA-256 they could miss.
        read_back: read what was written from the medium, and compare.
        part_size: the most bytes sent before the device is told to write them.
        since: where an earlier run of the same recipe stood; it is gone on with from there.
        way_back: None: what fails is left as it is.
    """

    steps: tuple[Step, ...]
    serial: str | None = None
    requirements: tuple[Requirement, ...] = ()
    erase: bool = False
    slot: Literal["active", "inactive", "a", "b"] = "active"
    allow_dangerous: bool = False
    denied: tuple[str, ...] = ()
    wipe: bool = False
    reboot: bool = True
    booted: bool = False
    hash_checked: bool = False
    generated: bool = False
    read_back: bool = False
    part_size: int = PART_SIZE
    since: Mark | None = None
    way_back: WayBack | None = None
