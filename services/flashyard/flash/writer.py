"""The recipe carried out: identify, erase if asked, write, sync, verify, activate, finish.

Blocking, for a thread of its own. It counts into a :class:`Run`, stops at safe points, and knows
no MQTT, no event loop and no particular kind of device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.phases import Phase, Status, Verification
from flashyard.flash.recipe import Recipe, Step
from flashyard.flash.run import Run
from flashyard.flash.source import Part
from flashyard.flash.target import Capability, Description, Place, Target, Tell

Opener = Callable[[Tell], Target]
# Where leaving a part half sent does no harm that is not told.
_BREAKS = frozenset({Capability.BREAK_OFF, Capability.WRITES_AS_SENT})


def write(opener: Opener, recipe: Recipe, run: Run) -> None:
    """Carry out a recipe; returning means that the device acknowledged all of it.

    ``opener`` opens the device, given where its lines go. The run is in `preparing` when this is
    called, and in `finishing` when it returns; after a fault ``run.device_state`` says what is
    left on the device. Moving the run to its end is for the caller.

    Raises:
        FaultError: `cancelled` at a safe point; before anything was changed `device_mismatch`,
            `device_locked`, `battery_low`, `unknown_partition`, `image_too_large`,
            `not_supported`, `invalid_request`; and what targets and sources raise.
    """
    if recipe.hash_checked:
        run.verification = Verification.IMAGE
    run.enter(Phase.IDENTIFYING, "Connecting to the device")
    with opener(run.lines.add) as target:
        _Writer(target, recipe, run).carry_out()


class _Writer:
    def __init__(self, target: Target, recipe: Recipe, run: Run) -> None:
        self._target = target
        self._recipe = recipe
        self._run = run
        self._limit = 0
        self._left: dict[str, str] = {}  # what was touched, and how it is now

    def carry_out(self) -> None:
        places = self._identify()
        for index, (step, place) in enumerate(zip(self._recipe.steps, places, strict=True)):
            tally = self._run.steps[index]
            tally.status = Status.RUNNING
            try:
                self._erase(index, step, place)
                self._write(index, step, place)
                self._sync(index, step, place)
                self._verify(index, step, place)
            except FaultError as broken:
                cancelled = broken.fault.code is Code.CANCELLED
                tally.status = Status.CANCELLED if cancelled else Status.FAILED
                raise
            tally.status = Status.COMPLETED
        if self._recipe.hash_checked or self._recipe.generated:
            # The levels are a ladder: without the one below, this one would be overstated.
            is_read = self._recipe.read_back
            self._run.verification = Verification.READBACK if is_read else Verification.TRANSPORT
        self._leave()

    def _identify(self) -> list[Place]:
        """Learn who the device is and refuse, before anything is changed, what cannot work."""
        self._run.enter(Phase.IDENTIFYING, "Identifying the device")
        device = self._run.description = self._target.describe()
        self._run.lines.add(f"Found {device.product or 'a device'}, serial {device.serial}")
        self._limit = device.max_download_size
        self._check(device)
        places = []
        for step in self._recipe.steps:
            place = self._target.locate(step.partition, self._recipe.letter)
            _check_room(step, place)
            self._target.admit(place, step.source)
            places.append(place)
        return places

    def _check(self, device: Description) -> None:
        wanted, letter = self._recipe.serial, self._recipe.letter
        if wanted is not None and device.serial != wanted:
            raise refuse(Code.DEVICE_MISMATCH, details=f"wanted {wanted}, found {device.serial}")
        if device.locked:
            raise refuse(Code.DEVICE_LOCKED)
        if device.battery_ok is False:
            raise refuse(Code.BATTERY_LOW, details=f"{device.battery_mv} mV")
        for capability in sorted(self._needs() - self._target.capabilities):
            raise refuse(Code.NOT_SUPPORTED, f"This kind of device cannot {capability}.")
        if letter is not None and letter not in device.slots:
            raise refuse(Code.INVALID_REQUEST, f"The device has no slot {letter}.")

    def _needs(self) -> set[Capability]:
        is_inert = Capability.INERT in self._target.capabilities
        wanted = {
            Capability.ERASE: self._recipe.erase,
            Capability.ACTIVATE: self._recipe.letter is not None,
            Capability.REBOOT: self._recipe.reboot and not is_inert,
            Capability.READ_BACK: self._recipe.read_back,
        }
        return {capability for capability, is_wanted in wanted.items() if is_wanted}

    def _erase(self, index: int, step: Step, place: Place) -> None:
        if self._recipe.erase:
            self._run.enter(Phase.ERASING, f"Erasing {step.partition} partition", index)
            self._leaves(place.name, "may be erased")
            self._target.erase(place)
            self._leaves(place.name, "erased")

    def _write(self, index: int, step: Step, place: Place) -> None:
        self._run.enter(Phase.WRITING, f"Flashing {step.partition} partition", index)
        if place.resizable and (place.size or 0) < step.source.expanded_size:
            self._leaves(place.name, "may be resized")
            self._target.resize(place, step.source.expanded_size)
            self._leaves(place.name, "resized")
        position = 0
        for number, part in enumerate(self._parts(step)):
            self._run.safe_point()
            if Capability.WRITES_AS_SENT in self._target.capabilities:
                self._leaves(place.name, "partly written" if number else "may be partly written")
            position = self._send(index, part, position)
            self._run.safe_point()
            self._leaves(place.name, "partly written" if number else "may be partly written")
            self._target.commit(place, part)
            self._leaves(place.name, "partly written")
            self._run.lines.add(f"{place.name}: part {number + 1} written")
        is_synced = Capability.SYNC not in self._target.capabilities
        self._leaves(place.name, "written" if is_synced else "written, not synced")

    def _parts(self, step: Step) -> Iterator[Part]:
        return step.source.parts(self._limit, part_size=self._recipe.part_size)

    def _send(self, index: int, part: Part, position: int) -> int:
        """Send a part; it may end within where nothing is changed yet, or everything by buffers."""
        may_break_off = not self._target.capabilities.isdisjoint(_BREAKS)
        for taken in self._target.send(part):
            position += taken.content
            self._run.count(index, taken, position)
            if may_break_off:
                self._run.safe_point()
        return position

    def _sync(self, index: int, step: Step, place: Place) -> None:
        """Wait for the medium: until then a target may have kept back what makes it usable."""
        if Capability.SYNC in self._target.capabilities:
            self._run.enter(Phase.SYNCING, f"Syncing {step.partition} partition", index)
            self._target.sync(place)
            self._leaves(place.name, "written")

    def _verify(self, index: int, step: Step, place: Place) -> None:
        """Compare the medium with the source itself, which is therefore read again."""
        if self._recipe.read_back:
            self._run.enter(Phase.VERIFYING, f"Verifying {step.partition} partition", index)
            self._leaves(place.name, "written, not verified")
            for part in self._parts(step):
                for _ in self._target.compare(place, part):
                    self._run.safe_point()
            self._leaves(place.name, "verified")

    def _leave(self) -> None:
        """From the first phase entered here there is no way back: the device is told to go."""
        letter = self._recipe.letter
        wanted = self._recipe.reboot and Capability.INERT not in self._target.capabilities
        reboot = wanted and not self._run.is_followed
        if letter is not None:
            self._leaves(f"slot {letter}", "not activated")
        if wanted:
            self._leaves("device", "not restarted")
        if letter is not None:
            self._run.enter(Phase.ACTIVATING, f"Activating slot {letter}")
            self._target.set_active(letter)
            self._leaves(f"slot {letter}", "activated")
        if reboot:
            self._run.enter(Phase.FINISHING, "Finalizing and rebooting")
            self._leaves("device", "restart not confirmed")
            self._target.reboot()
            self._leaves("device", "restarted")
        else:
            self._run.enter(Phase.FINISHING, "Finalizing")
            if wanted:
                self._run.restart_left = True
                self._run.lines.add("The restart is left to the job that waits for the device")

    def _leaves(self, what: str, how: str) -> None:
        self._left[what] = how
        self._run.device_state = ", ".join(f"{name} {state}" for name, state in self._left.items())


def _check_room(step: Step, place: Place) -> None:
    needed = step.source.expanded_size
    if place.size is not None and needed > place.size and not place.resizable:
        raise refuse(
            Code.IMAGE_TOO_LARGE,
            f"The image is larger than the partition {place.name}.",
            details=f"{needed} bytes for a partition of {place.size}",
        )
