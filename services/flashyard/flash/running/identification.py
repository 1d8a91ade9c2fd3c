"""Is it the device that is meant, and can all that is to be done be done? Asked before anything is.

It erases and writes nothing; a device whose logical partitions are to be written is taken into
fastbootd for it, because nothing else knows them.
"""

from __future__ import annotations

from dataclasses import replace

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.plans import Before
from flashyard.flash.ports.sighting import Look
from flashyard.flash.running import denied, forethought, readiness, requirements
from flashyard.flash.running.contact import Contact
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.room import check_room
from flashyard.flash.slots import missing, other
from flashyard.flash.source import Kind
from flashyard.flash.target import Capability, Description, Mode, Place, no_bootloader

# What Android keeps of its user's.
USER_DATA = ("userdata", "metadata", "cache")
LEADS_TO: dict[Before, Mode] = {"reboot-bootloader": "fastboot", "reboot-fastboot": "fastbootd"}
INTO: dict[Mode, str] = {
    "fastboot": "Restarting into the bootloader",
    "fastbootd": "Restarting into fastbootd",
}


class Identification:
    """One look at a device through a recipe's eyes; ``look``: who is at its port.

    Attributes:
        slot: the letter the recipe writes; None on a device without slots.
    """

    slot: str | None

    def __init__(self, contact: Contact, recipe: Recipe, look: Look) -> None:
        self._contact = contact
        self._recipe = recipe
        self._look = look
        self._in_bootloader: dict[int, Place] = {}
        self._names: dict[int, str] = {}  # by step: what it writes, by the device's own name

    def places(self) -> list[Place | None]:
        """Check it all, and find where each step goes, as far as that is known now: :meth:`look`.

        Raises:
            FaultError: `not_supported`, `invalid_request`, `partition_denied`, `incomplete_slot`,
                `rollback_impossible`, `device_mismatch`, `device_locked`, `battery_low`,
                `unknown_partition`, `image_too_large`; what targets raise.
        """
        self._check_wishes()
        self._check_slots(self._contact.description)
        forethought.check(
            self._recipe, self._contact.description, self.slot, self._contact.target.bootloader
        )
        self._check_denied()
        self._check_requirements()
        partitions = [step.partition for step in self._recipe.steps]
        readiness.check(self._contact.description, self._contact.target.bootloader, partitions)
        self._check_complete()
        places = self._look_first()
        is_planned = any(step.before for step in self._recipe.steps)
        if not is_planned and any(place and place.mode == "fastbootd" for place in places):
            self._contact.enter("fastbootd", INTO["fastbootd"])
            self._check_complete()
            places = self.look()
        check_room(self._contact, self._recipe.steps, places)
        return places

    def _look_first(self) -> list[Place | None]:
        """Look where the device was found; what fastbootd does not know the bootloader may."""
        try:
            return self.look()
        except FaultError as unknown:
            is_unknown = unknown.fault.code is Code.UNKNOWN_PARTITION
            if not is_unknown or self._contact.description.mode != "fastbootd":
                raise
        self._contact.enter("fastboot", INTO["fastboot"])
        return self.look()

    def look(self, start: int = 0, *, has_begun: bool = False) -> list[Place | None]:
        """Locate the steps from ``start`` on that the device is to take in the mode it is in.

        ``has_begun``: what is to be done before the first of them has been. A place of another mode
        is where its step must be taken; None: that will be seen then.
        Raises as :meth:`places`.
        """
        here = planned = self._contact.description.mode
        places: list[Place | None] = [None] * len(self._recipe.steps)
        for index, step in enumerate(self._recipe.steps[start:], start):
            if step.before and not (has_begun and index == start):
                planned = LEADS_TO[step.before]
            if planned == here:
                places[index] = self._seen(index, step)
        return places

    def _seen(self, index: int, step: Step) -> Place:
        """Locate a step; what fastbootd does not know is left to the bootloader that did."""
        here = self._contact.description.mode
        try:
            place = self._locate(index, step)
        except FaultError as unknown:
            before = self._in_bootloader.get(index)
            is_other = unknown.fault.code is Code.UNKNOWN_PARTITION and here == "fastbootd"
            if not is_other or before is None:
                raise
            return replace(before, mode="fastboot")
        if here == "fastboot" and place.mode is None:
            self._in_bootloader[index] = place
        return place

    def _locate(self, index: int, step: Step) -> Place:
        if step.method == "update-super":
            place = self._super(step)
            forethought.check_place(self._recipe, step, place, self.slot)
            return place
        target = self._contact.target
        place = target.locate(step.partition, self._letter(step))
        if place.mode is None:  # elsewhere it may have another name
            self._check_alone(index, place)
            forethought.check_place(self._recipe, step, place, self.slot)
            _check_room(step, place)
            forethought.check_image(self._recipe, index, place)
            target.admit(place, step.source)
            if self._recipe.read_back:
                target.try_reading(place)
        return place

    def _check_alone(self, index: int, place: Place) -> None:
        """Refuse a second step for one place, by whatever name: only one of them could stay."""
        self._names[index] = place.name
        if list(self._names.values()).count(place.name) > 1:
            raise refuse(Code.INVALID_REQUEST, f"Two steps write {place.name}.", details=place.name)

    def _super(self, step: Step) -> Place:
        if step.source.kind is Kind.SPARSE:
            raise refuse(
                Code.IMAGE_CORRUPT,
                "A layout of logical partitions cannot be a sparse image.",
                details=step.partition,
            )
        device = self._contact.description
        is_there = device.mode == "fastbootd"
        limit = min(device.max_download_size, self._recipe.part_size)
        if is_there and step.source.size > limit:
            raise refuse(
                Code.IMAGE_TOO_LARGE,
                "A layout of logical partitions is sent in one part, and this is too large for it.",
                details=f"{step.source.size} bytes, not {limit}",
            )
        return Place(step.partition, None, mode=None if is_there else "fastbootd")

    def _letter(self, step: Step) -> str | None:
        """Name the slot, but for the active one: that is the device's to know."""
        if step.other_slot:
            return other(self.slot, self._contact.description.slots)
        return None if self._recipe.slot == "active" else self.slot

    # Wishes

    def _check_wishes(self) -> None:
        """Refuse what the kind of device cannot do at all."""
        recipe, target = self._recipe, self._contact.target
        if recipe.booted and not recipe.reboot:
            raise refuse(
                Code.INVALID_REQUEST, "A device that is not restarted cannot be seen to start."
            )
        for capability in sorted(self._needs() - target.capabilities):
            hint = "Start the job without that."
            if capability is Capability.READ_BACK:
                hint = "Have it verified another way: `image`, or `booted`."
            raise refuse(Code.NOT_SUPPORTED, f"This kind of device cannot {capability}.", hint=hint)
        needs_bootloader = recipe.booted or recipe.wipe or bool(recipe.requirements)
        needs_bootloader = needs_bootloader or any(_is_beyond(step) for step in recipe.steps)
        if needs_bootloader and target.bootloader is None:
            raise no_bootloader()
        if recipe.read_back and any(step.method != "flash" for step in recipe.steps):
            raise refuse(Code.NOT_SUPPORTED, "A layout of logical partitions cannot be read back.")
        device = self._contact.description
        if recipe.booted and not device.slots and not device.emulated and self._look() is None:
            raise refuse(
                Code.NOT_SUPPORTED,
                "Over a network a device without slots cannot be seen to have started.",
            )

    def _needs(self) -> set[Capability]:
        recipe = self._recipe
        is_inert = Capability.INERT in self._contact.target.capabilities
        wanted = {
            Capability.ERASE: recipe.erase or recipe.wipe,
            Capability.ACTIVATE: recipe.slot != "active",
            Capability.REBOOT: recipe.reboot and not is_inert,
            Capability.READ_BACK: recipe.read_back,
        }
        return {capability for capability, is_wanted in wanted.items() if is_wanted}

    # Slots

    def _check_slots(self, device: Description) -> None:
        wanted, current = self._recipe.slot, device.current_slot
        self.slot = current if wanted == "active" else wanted
        if wanted == "inactive":
            self.slot = other(current, device.slots)
            if self.slot is None:
                said = "does not tell which of its slots is active" if device.slots else "has none"
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"There is no inactive slot: the device {said}.",
                    hint="Leave the slot out.",
                )
        elif wanted != "active" and wanted not in device.slots:
            raise refuse(Code.INVALID_REQUEST, f"The device has no slot {wanted}.")
        has_others = any(step.other_slot for step in self._recipe.steps)
        if has_others and other(self.slot, device.slots) is None:
            raise refuse(Code.INVALID_REQUEST, "The device has no other slot to write to.")

    def _check_complete(self) -> None:
        """A slot nobody starts from may hold anything: all of its system must be written."""
        if self._recipe.slot != "inactive" or self.slot is None:
            return
        written = {step.partition for step in self._recipe.steps if not step.other_slot}
        lacking = missing(self._contact.description.partitions, self.slot, written)
        if lacking:
            raise refuse(
                Code.INCOMPLETE_SLOT,
                f"Slot {self.slot} would not be whole: {', '.join(lacking)} would be missing.",
                details=", ".join(lacking),
            )

    # The device

    def _check_denied(self) -> None:
        if self._recipe.allow_dangerous:
            return
        wiped = USER_DATA if self._recipe.wipe else ()
        for partition in (*(step.partition for step in self._recipe.steps), *wiped):
            denied.check(partition, self._recipe.denied)

    def _check_requirements(self) -> None:
        if self._recipe.requirements:
            requirements.check(self._recipe.requirements, self._contact.bootloader.ask)


def _is_beyond(step: Step) -> bool:
    return step.method != "flash" or step.before is not None


def _check_room(step: Step, place: Place) -> None:
    needed = step.source.expanded_size
    if place.size is not None and needed > place.size and not place.resizable:
        raise refuse(
            Code.IMAGE_TOO_LARGE,
            f"The image is larger than the partition {place.name}.",
            details=f"{needed} bytes for a partition of {place.size}",
        )
