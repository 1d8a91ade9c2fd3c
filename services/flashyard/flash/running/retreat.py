"""The way back of a run that failed: taken once, by the plan made before it began, or not at all.

It knows what was touched and what the plan is, and nothing of why the run failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Literal

from flashyard.contract.faults import Code, FaultError
from flashyard.contract.phases import Phase
from flashyard.contract.rollback import Outcome
from flashyard.flash.ports.sighting import Look
from flashyard.flash.running.contact import Contact, Opener
from flashyard.flash.running.departure import Departure
from flashyard.flash.running.identification import Identification
from flashyard.flash.running.recipe import Recipe
from flashyard.flash.running.reunion import check_same
from flashyard.flash.running.run import Run
from flashyard.flash.slots import other
from flashyard.flash.target import Taken

Rewrite = Callable[[Contact, Recipe, Run], None]
"""Carries a recipe out in a contact, and counts into a run."""

_ANOTHER = Code.DEVICE_MISMATCH
# From the first of these on the device may start from the other slot.
_TURNING = frozenset({Phase.ACTIVATING, Phase.FINISHING})


class Aside(Run):
    """What is done within another run's `rolling_back`: it is told there, and ended by nobody.

    ``steps``: of each step here, which one of the other run's it undoes.
    """

    def __init__(self, outer: Run, steps: tuple[int, ...] = ()) -> None:
        super().__init__(tuple(outer.steps[index].partition for index in steps), outer.lines)
        self._outer = outer
        self._undone = steps

    def enter(self, phase: Phase, stage: str, step: int | None = None) -> None:  # noqa: ARG002
        """Tell a stage; to those who look from outside it is all one phase."""
        whose = None if step is None else self._undone[step]
        said = f"Rolling back: {stage[:1].lower()}{stage[1:]}"
        self._outer.enter(Phase.ROLLING_BACK, said, whose)

    def count(self, step: int, taken: Taken, position: int) -> None:
        """Count bytes as sent, and not as part of what was to be done."""
        super().count(step, taken, position)
        self._outer.wire += taken.wire


class Retreat:
    """The one way back of a run, with the contact the run had.

    Args:
        contact: as the fault left it.
        recipe: that was carried out; it has a way back.
        run: is told the stages, and in ``run.rollback`` what came of it.
        identification: of the run.
        look: who is at the port.
    """

    def __init__(
        self,
        contact: Contact,
        recipe: Recipe,
        run: Run,
        identification: Identification,
        look: Look,
    ) -> None:
        self._contact = contact
        self._recipe = recipe
        self._run = run
        self._identification = identification
        self._look = look

    def go(self, why: FaultError | OSError, opener: Opener, rewrite: Rewrite) -> None:
        """Go back, if there is anything to go back from; never raises a fault."""
        way, run = self._recipe.way_back, self._run
        if way is None:
            return
        if way.kind == "slot":
            touched: tuple[int, ...] = ()
            is_due = run.where.phase in _TURNING and not self._is_unturned(why)
        else:
            touched = self._identification.touched(run.mark.left)
            is_due = bool(touched)
        if is_due:
            run.lines.add(f"It failed: {why}")
            run.turn_back("Rolling back: looking for the device")
            run.rollback = self._go(opener, rewrite, touched)
            run.lines.add(_SAID[run.rollback])

    def _is_unturned(self, why: FaultError | OSError) -> bool:
        """Did the device itself refuse to make the slot the active one?"""
        is_refusal = isinstance(why, FaultError) and why.fault.code is Code.DEVICE_REFUSED
        return is_refusal and self._run.where.phase is Phase.ACTIVATING

    def _go(self, opener: Opener, rewrite: Rewrite, touched: tuple[int, ...]) -> Outcome:
        try:
            if not self._is_found():
                return "not_possible"
            # It may have been met for the first time just now.
            check_same(self._contact.description, self._recipe.since)
            if touched:
                self._write_over(opener, rewrite, touched)
            else:
                self._turn()
        except (FaultError, OSError) as broken:
            self._run.lines.add(f"The way back failed: {broken}")
            is_another = isinstance(broken, FaultError) and broken.fault.code is _ANOTHER
            return "not_possible" if is_another else "failed"
        return "rolled_back"

    def _is_found(self) -> bool:
        """Meet the device again, for as long as that may take."""
        patience = self._contact.patience
        deadline = monotonic() + patience.find
        self._contact.close()
        while self._contact.glimpse() is None:
            if monotonic() >= deadline:
                self._run.lines.add(f"The device was not found: {self._contact.trouble}")
                return False
            self._run.wait(patience.look_again)
        return True

    def _turn(self) -> None:
        """Make the slot active again that was, and start from it."""
        new = self._identification.slot
        old = other(new, self._contact.description.slots)
        assert old is not None  # noqa: S101 - without it nothing was begun
        aside, note = Aside(self._run), self._contact.aftermath.note
        aside.enter(Phase.ACTIVATING, f"Activating slot {old}")
        self._contact.target.set_active(old)
        self._contact.aftermath.forget(f"slot {new}")
        note(f"slot {old}", "active again")
        if self._recipe.reboot:
            note("device", "not restarted")
            aside.enter(Phase.FINISHING, "Restarting the device")
            Departure(self._contact, self._recipe, aside, old, self._look).restart()

    def _write_over(self, opener: Opener, rewrite: Rewrite, touched: tuple[int, ...]) -> None:
        """Write what was good before wherever something was changed."""
        assert self._recipe.way_back is not None  # noqa: S101 - it was asked before
        aftermath, patience = self._contact.aftermath, self._contact.patience
        aftermath.turn_back()
        recipe = replace(
            self._recipe,
            steps=tuple(self._recipe.way_back.steps[index] for index in touched),
            serial=self._contact.description.serial,
            requirements=(),
            # The device may have fallen back meanwhile: it is the slot that was written.
            slot=_SLOTS.get(self._identification.slot, "active"),
            erase=False,
            allow_dangerous=True,  # what was allowed, or need not be, was written already
            wipe=False,
            hash_checked=True,
            generated=False,
            since=None,
            way_back=None,
        )
        self._contact.close()
        aside = Aside(self._run, touched)
        with Contact(opener, aside, patience, recipe.serial, aftermath) as contact:
            rewrite(contact, recipe, aside)


_SLOTS: dict[str | None, Literal["a", "b"]] = {"a": "a", "b": "b"}
_SAID: dict[Outcome, str] = {
    "rolled_back": "The device is as it was before, as far as the plan goes",
    "failed": "The device was not brought back",
    "not_possible": "There was no device to bring back",
}
