"""The way back of a run that failed: taken once, by the plan made before it began.

It goes by the run's mark alone, so that it can also be taken for a run of an earlier process. Of
why the run failed it knows nothing but whether there is anything to go back from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic
from typing import Literal

from flashyard.contract.faults import Code, Fault, FaultError
from flashyard.contract.phases import Phase
from flashyard.contract.rollback import Outcome, RollbackKind
from flashyard.flash.ports.sighting import Look, unseen
from flashyard.flash.running.aftermath import places_in
from flashyard.flash.running.aside import Aside
from flashyard.flash.running.contact import Contact, Opener, Patience
from flashyard.flash.running.departure import Departure
from flashyard.flash.running.mark import Mark
from flashyard.flash.running.recipe import Recipe, Step, WayBack
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write_in
from flashyard.flash.slots import other
from flashyard.flash.target import Description

# From the first of these on the device may start from the other slot.
_TURNING = frozenset({Phase.ACTIVATING, Phase.FINISHING})
_ANOTHER = Code.DEVICE_MISMATCH
_PATIENCE = Patience()
_PINNED: Mapping[str | None, Literal["a", "b"]] = {"a": "a", "b": "b"}
_SAID: Mapping[Outcome, str] = {
    "rolled_back": "The device is as it was before, as far as the plan goes",
    "failed": "The device was not brought back",
    "not_possible": "There was no device to bring back",
}


def is_due(kind: RollbackKind, mark: Mark, why: Fault) -> bool:
    """Is there anything to go back from, for a run that stands there and ended so?

    Not where it was gone once.
    """
    if kind == "last-good":
        return mark.phase is not Phase.ROLLING_BACK and bool(places_in(mark.left))
    # The device's own no to making the slot the active one: it starts from the old one.
    is_unturned = mark.phase is Phase.ACTIVATING and why.code is Code.DEVICE_REFUSED
    return mark.phase in _TURNING and not is_unturned


def go_back(
    opener: Opener,
    recipe: Recipe,
    run: Run,
    look: Look = unseen,
    patience: Patience = _PATIENCE,
) -> None:
    """Take the way back of a run of ``recipe``, which has one; never raises a fault.

    Of the recipe's own steps nothing is wanted any more.

    ``run`` is where it failed, is told the stages, and in ``run.rollback`` what came of it;
    ``run.device_state`` stays true. The rest is as for `write`.
    """
    mark = run.mark
    run.turn_back("Rolling back: looking for the device")
    serial = recipe.serial or mark.serial
    with Contact(opener, run, patience, serial) as contact:
        retreat = _Retreat(contact, recipe, run, mark, look)
        try:
            if retreat.finds():
                retreat.go(opener)
                run.rollback = "rolled_back"
            else:
                run.rollback = "not_possible"
        except (FaultError, OSError) as broken:
            run.lines.add(f"The way back failed: {broken}")
            is_another = isinstance(broken, FaultError) and broken.fault.code is _ANOTHER
            run.rollback = "not_possible" if is_another else "failed"
    run.lines.add(_SAID[run.rollback])


class _Retreat:
    def __init__(self, contact: Contact, recipe: Recipe, run: Run, mark: Mark, look: Look) -> None:
        self._contact = contact
        self._recipe = recipe
        self._run = run
        self._mark = mark
        self._look = look

    def finds(self) -> bool:
        """Meet the device again, for as long as that may take."""
        patience = self._contact.patience
        deadline = monotonic() + patience.find
        while self._contact.glimpse() is None:
            if monotonic() >= deadline:
                self._run.lines.add(f"The device was not found: {self._contact.trouble}")
                return False
            self._run.wait(patience.look_again)
        return True

    def go(self, opener: Opener) -> None:
        """Take it, whichever it is."""
        way = self._recipe.way_back
        if way is not None and way.kind == "last-good":
            self._write_over(way, opener)
        else:
            self._turn()

    def _turn(self) -> None:
        """Make the slot active again that was, and start from it."""
        device = self._contact.description
        new = self._written(device)
        old = other(new, device.slots)
        assert old is not None  # noqa: S101 - without it nothing was begun
        aside, aftermath = Aside(self._run), self._contact.aftermath
        aside.enter(Phase.ACTIVATING, f"Activating slot {old}")
        self._contact.target.set_active(old)
        aftermath.forget(f"slot {new}")
        aftermath.note(f"slot {old}", "active again")
        if self._recipe.reboot:
            aftermath.note("device", "not restarted")
            aside.enter(Phase.FINISHING, "Restarting the device")
            Departure(self._contact, self._recipe, aside, old, self._look).restart()

    def _write_over(self, way: WayBack, opener: Opener) -> None:
        """Write what was good before wherever something was changed, where it was changed."""
        device, aftermath = self._contact.description, self._contact.aftermath
        letter = self._written(device)
        touched = self._touched(way.steps, letter, device)
        recipe = replace(
            self._recipe,
            steps=tuple(way.steps[index] for index in touched),
            serial=device.serial,
            requirements=(),
            erase=False,
            # The device may have fallen back meanwhile: it is the slot that was written.
            slot=_PINNED.get(letter, "active"),
            allow_dangerous=True,  # what was allowed, or need not be, was written already
            wipe=False,
            hash_checked=True,
            generated=False,
            since=None,
            way_back=None,
        )
        aftermath.turn_back()
        self._contact.close()
        aside = Aside(self._run, touched)
        with Contact(opener, aside, self._contact.patience, device.serial, aftermath) as contact:
            write_in(contact, recipe, aside, self._look)

    def _written(self, device: Description) -> str | None:
        """Name the slot that was written, whatever the device starts from by now."""
        wanted, active = self._recipe.slot, self._mark.slot
        if wanted == "inactive":
            return other(active, device.slots)
        return active if wanted == "active" else wanted

    def _touched(
        self, steps: tuple[Step, ...], letter: str | None, device: Description
    ) -> tuple[int, ...]:
        if len(steps) == 1:
            return (0,)  # by whatever name: a memory may have several
        left = places_in(self._mark.left)
        return tuple(
            index for index, step in enumerate(steps) if _names(step, letter, device) & left
        )


def _names(step: Step, letter: str | None, device: Description) -> set[str]:
    mine = other(letter, device.slots) if step.other_slot else letter
    return {step.partition, f"{step.partition}_{mine}"}
