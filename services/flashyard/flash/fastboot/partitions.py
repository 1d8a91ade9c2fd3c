"""Where a fastboot device keeps what: a partition's own name, its size, and who may write it.

It asks and decides; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flashyard.contract.faults import Code, refuse
from flashyard.flash.fastboot import variables
from flashyard.flash.fastboot.asked import asked_once
from flashyard.flash.slots import lives_in_super
from flashyard.flash.target import Place

# A bootloader that tells this one's size tells everyone's. Old ones tell only what they can format.
_TELLTALE = "boot"
_SIZE = "partition-size:"
_LOGICAL = "is-logical:"
_SUPER = "super"


class Partitions:
    """Those of one session. ``ask`` gives a variable; ``listed`` is `getvar:all`'s table."""

    def __init__(
        self, ask: Callable[[str], str | None], listed: Callable[[], Mapping[str, str]]
    ) -> None:
        self._ask = ask
        self._listed = listed

    @asked_once
    def sizes(self) -> dict[str, int | None]:
        """Name to bytes, as far as the device lists them; None: or as one likes, within super."""
        listed = self._listed()
        return {
            name: None
            if variables.flag(listed.get(f"{_LOGICAL}{name}"))
            else variables.number(size)
            for variable, size in listed.items()
            for name in [variable.removeprefix(_SIZE)]
            if variable.startswith(_SIZE)
        }

    @asked_once
    def super_name(self) -> str:
        """What the device calls the partition its logical ones live in."""
        return self._ask("super-partition-name") or _SUPER

    def locate(self, partition: str, slot: str | None) -> Place:
        """Find a partition as AOSP does: where it has slots, its name takes a slot's letter.

        Raises:
            FaultError: `unknown_partition` where the device tells of its partitions and not of
                this one; `protocol_error` where it hides which slot is active, or, of a slot
                that was asked for, whether the partition has any.
        """
        slotted = self._is_slotted(partition, slot)
        name = self._in_slot(partition, slot) if slotted else partition
        size = variables.number(self._ask(f"{_SIZE}{name}"))
        # Some bootloaders tell that it has slots, and yet not where it is.
        is_usual = lives_in_super(partition)
        if size is None and (is_usual or not slotted) and self._is_within_super(name, is_usual):
            return Place(name, None, mode="fastbootd")
        if size is None and not slotted and self._tells_all and name not in self.sizes:
            raise refuse(Code.UNKNOWN_PARTITION, f"The device has no partition {partition}.")
        logical = variables.flag(self._ask(f"{_LOGICAL}{name}"))
        # Only a logical partition can really have no bytes; elsewhere 0 means "not told".
        elsewhere = bool(logical) and self._is_outside_super
        return Place(
            name,
            size if logical else size or None,
            resizable=bool(logical),
            mode="fastbootd" if elsewhere else None,
        )

    def _is_slotted(self, partition: str, slot: str | None) -> bool:
        """Without an answer the list decides: writing the wrong slot would be taken for success."""
        answer = variables.flag(self._ask(f"has-slot:{partition}"))
        if answer is not None:
            return answer
        listed = any(f"{partition}_{letter}" in self.sizes for letter in "ab")
        is_known = listed or partition in self.sizes or self._tells_all
        is_elsewhere = self._is_within_super(partition, lives_in_super(partition))
        if slot is not None and not is_known and not is_elsewhere:
            raise refuse(
                Code.PROTOCOL_ERROR,
                f"The device does not tell whether {partition} has slots.",
                hint="Leave the slot out, and name the partition as the device does.",
            )
        return listed

    def _in_slot(self, partition: str, slot: str | None) -> str:
        letter = slot or variables.slot_letter(self._ask("current-slot"))
        if letter is None:
            raise refuse(
                Code.PROTOCOL_ERROR,
                f"The device has slots for {partition} but does not tell which is active.",
                hint="Name the slot: a or b.",
            )
        return f"{partition}_{letter}"

    def _is_within_super(self, name: str, is_usual: bool) -> bool:  # noqa: FBT001 (is it?)
        """Must it be in there, seen by a bootloader, which knows nothing of what is?

        ``is_usual``: other devices have it there. Then it is enough that this one names its super.
        """
        if name in {*self.sizes, self.super_name}:
            return False
        return self._is_outside_super or (is_usual and self._names_super)

    @asked_once
    def _names_super(self) -> bool:
        is_inside = variables.flag(self._ask("is-userspace"))
        return not is_inside and self._ask("super-partition-name") is not None

    @asked_once
    def _is_outside_super(self) -> bool:
        """Is this a bootloader, on a device that has a super?"""
        if variables.flag(self._ask("is-userspace")):
            return False
        size = variables.number(self._ask(f"{_SIZE}{self.super_name}"))
        return bool(size) or self.super_name in self.sizes

    @property
    def _tells_all(self) -> bool:
        return any(name.split("_")[0] == _TELLTALE for name in self.sizes)
