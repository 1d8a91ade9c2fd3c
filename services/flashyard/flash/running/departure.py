"""How a run takes leave of a device: its user's data erased, its slot activated, restarted, seen.

Of what was written it knows nothing.
"""

from __future__ import annotations

from flashyard.contract.phases import Phase, Verification
from flashyard.flash.ports.sighting import Look
from flashyard.flash.running.contact import Contact
from flashyard.flash.running.homecoming import Expected, Homecoming
from flashyard.flash.running.identification import USER_DATA
from flashyard.flash.running.recipe import Recipe
from flashyard.flash.running.run import Run
from flashyard.flash.target import Capability


class Departure:
    """The end of one run. ``slot``: the one that was written; ``look``: who is at the port."""

    def __init__(
        self, contact: Contact, recipe: Recipe, run: Run, slot: str | None, look: Look
    ) -> None:
        self._contact = contact
        self._recipe = recipe
        self._run = run
        self._slot = slot
        self._look = look
        self._note = contact.aftermath.note

    def wipe(self) -> None:
        """Erase what the device has of its user's, and was not just given; each a safe point."""
        if not self._recipe.wipe:
            return
        ask = self._contact.bootloader.ask
        given = {step.partition for step in self._recipe.steps}
        for partition in USER_DATA:
            if partition in given:
                continue
            if ask(f"partition-type:{partition}") or ask(f"partition-size:{partition}"):
                self._run.enter(Phase.ERASING, "Wiping user data")
                place = self._contact.target.locate(partition, None)
                self._note(place.name, "may be erased")
                self._contact.target.erase(place)
                self._note(place.name, "erased")

    def leave(self) -> None:
        """From the first phase entered here there is no way back: the device is told to go."""
        recipe, run, letter = self._recipe, self._run, self._to_activate()
        is_inert = Capability.INERT in self._contact.target.capabilities
        wanted = recipe.reboot and not is_inert
        reboot = wanted and (recipe.booted or not run.is_followed)
        if letter is not None:
            self._note(f"slot {letter}", "not activated")
        if wanted:
            self._note("device", "not restarted")
        if letter is not None:
            run.enter(Phase.ACTIVATING, f"Activating slot {letter}")
            self._contact.target.set_active(letter)
            self._note(f"slot {letter}", "activated")
        if reboot:
            run.enter(Phase.FINISHING, "Finalizing and rebooting")
            self.restart()
        else:
            run.enter(Phase.FINISHING, "Finalizing")
            if wanted:
                run.restart_left = True
                run.lines.add("The restart is left to the job that waits for the device")

    def _to_activate(self) -> str | None:
        """The slot asked for; and any to be seen to start: only then what it says of it is new."""
        if self._recipe.slot == "active" and not self._recipe.booted:
            return None
        return self._slot

    def restart(self) -> None:
        """Restart it, and see it start where that was asked for."""
        self._note("device", "restart not confirmed")
        if not self._recipe.booted:
            self._contact.target.reboot()
            self._note("device", "restarted")
            return
        expected = Expected.of(self._contact, self._slot, self._look)
        self._contact.target.reboot()
        self._note("device", "restarted, not seen to start")
        self._run.enter(Phase.FINISHING, "Waiting for the device to start")
        is_in_slot = Homecoming(self._contact, expected, self._run, self._look).await_start()
        if not is_in_slot:
            self._note("device", "started, not seen from which slot")
            self._run.lines.add(f"That it started from slot {self._slot} cannot be seen")
            return
        self._note("device", "started")
        if self._recipe.hash_checked or self._recipe.generated:
            self._run.verification = Verification.BOOTED
