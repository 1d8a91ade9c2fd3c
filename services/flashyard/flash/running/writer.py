"""The recipe carried out: identify, erase if asked, write, sync, verify, activate, finish.

Blocking, for a thread of its own. It counts into a :class:`Run`, stops at safe points, and knows
no MQTT, no event loop and no particular kind of device.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from time import sleep

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.phases import Phase, Status, Verification
from flashyard.flash.ports.sighting import Look, unseen
from flashyard.flash.running.contact import Contact, Opener, Patience
from flashyard.flash.running.departure import Departure
from flashyard.flash.running.identification import INTO, LEADS_TO, USER_DATA, Identification
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.reunion import check_same
from flashyard.flash.running.room import make_room
from flashyard.flash.running.run import Run
from flashyard.flash.source import Part
from flashyard.flash.target import Capability, Mode, Place
from flashyard.flash.throttle.paced import Paced

# Where leaving a part half sent does no harm that is not told.
_BREAKS = frozenset({Capability.BREAK_OFF, Capability.WRITES_AS_SENT})
_PATIENCE = Patience()


def write(
    opener: Opener, recipe: Recipe, run: Run, look: Look = unseen, patience: Patience = _PATIENCE
) -> None:
    """Carry out a recipe; returning means that the device acknowledged all of it.

    ``opener`` opens the device, given where its lines go; again, where it restarts on the way.
    ``look`` tells what is at its port. The run is in `preparing` when this is called, and in
    `finishing` when it returns; after a fault ``run.device_state`` says what is left on the
    device. Moving the run to its end is for the caller.

    Raises:
        PausedError: at a safe point; ``run.mark`` is what a later recipe goes on from.
        FaultError: `cancelled` at a safe point; before anything was changed what
            :meth:`Identification.places` raises; `device_mismatch`, `device_silent`,
            `device_refused` where it does not come back from a restart; `not_booted`; and what
            targets and sources raise.
    """
    if recipe.hash_checked:
        run.verification = Verification.IMAGE
    run.enter(Phase.IDENTIFYING, "Connecting to the device")
    with Contact(opener, run, patience, recipe.serial) as contact:
        write_in(contact, recipe, run, look)


def write_in(contact: Contact, recipe: Recipe, run: Run, look: Look) -> None:
    """Carry out a recipe in a contact that has no session open; otherwise as :func:`write`."""
    _Writer(contact, recipe, run, look).carry_out()


class _Writer:
    def __init__(self, contact: Contact, recipe: Recipe, run: Run, look: Look) -> None:
        self._contact = contact
        self._recipe = recipe
        self._run = run
        self._look = look
        self._leaves = contact.aftermath.note
        self._identification = Identification(contact, recipe, look)
        self._places: list[Place | None] = []

    def carry_out(self) -> None:
        self._identify()
        for index, step in enumerate(self._recipe.steps):
            if index < self._run.mark.done:
                continue
            tally = self._run.steps[index]
            tally.status = Status.RUNNING
            try:
                place = self._place(index, step)
                tally.place = place.name
                self._erase(index, step, place)
                self._write(index, step, place)
                self._sync(index, step, place)
                self._verify(index, step, place)
                self._run.done(index + 1)
            except FaultError as broken:
                cancelled = broken.fault.code is Code.CANCELLED
                tally.status = Status.CANCELLED if cancelled else Status.FAILED
                raise
            tally.status = Status.COMPLETED
        if self._recipe.hash_checked or self._recipe.generated:
            # The levels are a ladder: without the one below, this one would be overstated.
            is_read = self._recipe.read_back
            self._run.verification = Verification.READBACK if is_read else Verification.TRANSPORT
        slot = self._identification.slot
        departure = Departure(self._contact, self._recipe, self._run, slot, self._look)
        departure.wipe()
        departure.leave()

    def _identify(self) -> None:
        """Learn who the device is and refuse, before anything is changed, what cannot work."""
        self._run.enter(Phase.IDENTIFYING, "Identifying the device")
        device = self._contact.meet()
        self._run.lines.add(f"Found {device.product or 'a device'}, serial {device.serial}")
        check_same(device, self._recipe.since)
        self._places = self._identification.places()
        self._run.met(device)
        for tally, place in zip(self._run.steps, self._places, strict=True):
            tally.place = place.name if place else None

    def _place(self, index: int, step: Step) -> Place:
        """Bring the device into the mode the step is to be taken in."""
        wanted = LEADS_TO[step.before] if step.before else None
        # What was written to the bootloader holds after a restart; fastbootd is there or is not.
        if wanted == "fastboot" or (wanted and wanted != self._contact.description.mode):
            self._enter(wanted, index)
        place = self._places[index]
        if place is not None and place.mode is not None:
            self._enter(place.mode, index)
            place = self._places[index]
        if place is None or place.mode is not None:
            raise refuse(Code.UNKNOWN_PARTITION, f"The device has no partition {step.partition}.")
        return place

    def _enter(self, mode: Mode, index: int) -> None:
        self._contact.enter(mode, INTO[mode], index)
        self._places = self._identification.look(index, has_begun=True)

    def _erase(self, index: int, step: Step, place: Place) -> None:
        # What a wipe would erase at the end, this image with it, is erased before it is written.
        is_wiped = self._recipe.wipe and step.partition in USER_DATA
        if self._run.mark.parts:  # it was erased before they were written
            return
        if (self._recipe.erase or is_wiped) and step.method == "flash":
            self._run.enter(Phase.ERASING, f"Erasing {step.partition} partition", index)
            self._leaves(place.name, "may be erased")
            self._contact.target.erase(place)
            self._leaves(place.name, "erased")

    def _write(self, index: int, step: Step, place: Place) -> None:
        self._run.enter(Phase.WRITING, f"Flashing {step.partition} partition", index)
        limit, part_size = self._contact.description.max_download_size, self._recipe.part_size
        there = self._take_up(index, step, place, (limit, part_size))
        self._run.cut(limit, part_size, there)
        if not there:
            make_room(self._contact, self._recipe.steps, self._places, index)
        position = 0
        for number, part in enumerate(self._parts(step)):
            if number < there:
                position += part.content
                continue
            if self._can_take_up or not number:
                self._run.safe_point()
            if Capability.WRITES_AS_SENT in self._contact.target.capabilities:
                self._leaves(place.name, "partly written" if number else "may be partly written")
            position = self._send(index, part, position)
            self._run.breaking_point()
            self._leaves(place.name, "partly written" if number else "may be partly written")
            self._commit(index, step, place, part)
            self._leaves(place.name, "partly written")
            self._run.lines.add(f"{place.name}: part {number + 1} written")
            if self._can_take_up:
                self._run.written(number + 1)
        is_synced = Capability.SYNC not in self._contact.target.capabilities
        self._leaves(place.name, "written" if is_synced else "written, not synced")

    @property
    def _can_take_up(self) -> bool:
        return Capability.TAKES_UP in self._contact.target.capabilities

    def _take_up(self, index: int, step: Step, place: Place, cut: tuple[int, int]) -> int:
        """Tell how many parts of a step are there from an earlier run; others begin it anew."""
        since = self._recipe.since
        if since is None or index != since.done or not since.parts:
            return 0
        if not self._can_take_up or step.method != "flash" or cut != (since.limit, since.part_size):
            self._run.lines.add(f"{place.name} is written from its beginning again")
            return 0
        self._contact.target.take_up(place, islice(self._parts(step), since.parts))
        self._run.lines.add(f"{place.name}: going on after part {since.parts}")
        return since.parts

    def _commit(self, index: int, step: Step, place: Place, part: Part) -> None:
        if step.method == "flash":
            self._contact.target.commit(place, part)
        else:
            self._contact.bootloader.update_super(self._recipe.wipe)
            self._places = self._identification.look(index + 1)

    def _parts(self, step: Step) -> Iterator[Part]:
        limit = self._contact.description.max_download_size
        return step.source.parts(limit, part_size=self._recipe.part_size)

    def _send(self, index: int, part: Part, position: int) -> int:
        """Send a part; it may end within where nothing is changed yet, or everything by buffers."""
        may_break_off = not self._contact.target.capabilities.isdisjoint(_BREAKS)
        can_take_up = self._can_take_up
        hold = partial(self._run.hold, can_take_up=can_take_up) if may_break_off else _wait_it_out
        paced = Paced(part, self._run.allowance, hold)
        for taken in self._contact.target.send(paced.part):
            position += taken.content
            self._run.count(index, taken, position)
            paced.took(taken.wire)
            if may_break_off:
                self._run.breaking_point(can_take_up=can_take_up)
        return position

    def _sync(self, index: int, step: Step, place: Place) -> None:
        """Wait for the medium: until then a target may have kept back what makes it usable."""
        if Capability.SYNC in self._contact.target.capabilities:
            self._run.enter(Phase.SYNCING, f"Syncing {step.partition} partition", index)
            self._contact.target.sync(place)
            self._leaves(place.name, "written")

    def _verify(self, index: int, step: Step, place: Place) -> None:
        """Compare the medium with the source itself, which is therefore read again."""
        if self._recipe.read_back:
            self._run.enter(Phase.VERIFYING, f"Verifying {step.partition} partition", index)
            self._leaves(place.name, "written, not verified")
            for part in self._parts(step):
                for _ in self._contact.target.compare(place, part):
                    self._run.breaths += 1
                    self._run.safe_point()
            self._leaves(place.name, "verified")


def _wait_it_out(seconds: float) -> bool:
    """Wait to the end: what must be sent whole is sent no faster for being the last of a run."""
    sleep(seconds)
    return False
