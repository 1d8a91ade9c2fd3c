"""From a bundle to what is written: the steps in order, what is asked first, what is left out.

It reads no image, and knows no particular device.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.plans import MAX_STEPS, Before, Method, Requirement
from flashyard.flash.factory import classic
from flashyard.flash.factory.bundle import Bundle
from flashyard.flash.factory.member import Member
from flashyard.flash.factory.tasks import Erase, Flash, IfWipe, Reboot, Task, UpdateSuper

SUPER = "super"
_MAX_NOTES = 30
# What a wipe erases, where the device has it; a bundle that asks for more asks too much.
WIPED = frozenset({"userdata", "cache", "metadata"})
# A vendor's script writes these first, each with a restart behind it: the file's pattern, the
# partition, and what the device says of it only once that is done.
_FIRMWARE = (
    ("bootloader-*.img", "bootloader", "version-bootloader"),
    ("radio-*.img", "radio", "version-baseband"),
)
_UNRUN = ("*.sh", "*.bat", "*.cmd", "*.ps1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is wished of a bundle. ``only``: these partitions, all where it is empty."""

    wipe: bool = False
    slot: str | None = None
    allow_dangerous: bool = False
    skip: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    def takes(self, partition: str) -> bool:
        """Is this partition to be written, if it can be?"""
        return partition not in self.skip and (not self.only or partition in self.only)


class PlannedFile(NamedTuple):
    """A file for a partition; the rest as in :class:`~flashyard.contract.plans.PlannedStep`."""

    partition: str
    member: Member
    slot: Literal["other"] | None = None
    method: Method = "flash"
    before: Before | None = None


class FactoryPlan(NamedTuple):
    """``notes``: sentences on what is not done, and who might think it is."""

    order: str
    steps: tuple[PlannedFile, ...]
    requirements: tuple[Requirement, ...]
    notes: tuple[str, ...]


def plan(bundle: Bundle, choice: Choice) -> FactoryPlan:
    """Plan what is done with a bundle.

    Raises:
        FaultError: `invalid_request`: it has not what was chosen, or nothing is left to write;
            `image_corrupt`: a file it needs is missing; `not_supported`: it asks for too much.
    """
    return _Planner(bundle, choice).plan()


@dataclass(slots=True)
class _Planner:
    bundle: Bundle
    choice: Choice
    steps: list[PlannedFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reboot: Before | None = None
    seen: set[str] = field(default_factory=set)  # partitions the bundle could write

    def plan(self) -> FactoryPlan:
        firmware = dict(self._firmware())
        tasks = (*self._firmware_tasks(firmware), *self.bundle.tasks)
        for task in tasks:
            self._take(task)
        self._check(firmware)
        requirements = tuple(self._requirements(firmware))
        self._tell_what_is_left(firmware)
        return FactoryPlan(self.bundle.order, tuple(self.steps), requirements, tuple(self.notes))

    def _firmware(self) -> Iterator[tuple[str, str]]:
        """Find the vendor's bootloader and radio: their partitions and files."""
        for pattern, partition, _ in _FIRMWARE:
            found = fnmatch.filter(self.bundle.members, pattern)
            if len(found) == 1:
                yield partition, found[0]

    def _firmware_tasks(self, firmware: dict[str, str]) -> Iterator[Task]:
        for partition, file in firmware.items():
            if self.choice.allow_dangerous and self.choice.takes(partition):
                yield Flash(partition, file)
                yield Reboot("bootloader")

    def _take(self, task: Task) -> None:
        if isinstance(task, IfWipe):
            if not self.choice.wipe:
                return
            task = task.task
        match task:
            case Flash():
                self._flash(task)
            case UpdateSuper():
                self._update_super()
            case Reboot(into):
                self.reboot = "reboot-bootloader" if into == "bootloader" else "reboot-fastboot"
            case Erase(partition) if partition not in WIPED:
                raise refuse(
                    Code.NOT_SUPPORTED,
                    f"The bundle's wipe erases {partition}, too, which ours does not.",
                    hint="Flash it without --wipe.",
                )

    def _flash(self, task: Flash) -> None:
        self.seen.add(task.partition)
        if not self.choice.takes(task.partition):
            return
        if task.other and self.choice.slot == "inactive":
            self.notes.append(f"{task.file} is not written: it is for the slot that is kept.")
            return
        member = self.bundle.members.get(task.file)
        if member is None:
            raise self._missing(task.file, task.partition)
        self._add(PlannedFile(task.partition, member, "other" if task.other else None))

    def _update_super(self) -> None:
        layout = self.bundle.members.get(classic.SUPER_EMPTY)
        if layout is None:
            return
        self.seen.add(SUPER)
        if self.choice.takes(SUPER):
            self.reboot = "reboot-fastboot"  # only there it can be done
            self._add(PlannedFile(SUPER, layout, method="update-super"))

    def _add(self, step: PlannedFile) -> None:
        self.steps.append(step._replace(before=self.reboot))
        self.reboot = None

    def _check(self, firmware: dict[str, str]) -> None:
        wished = self.choice.skip | self.choice.only
        strange = sorted(wished - self.seen - firmware.keys())
        if strange:
            raise refuse(
                Code.INVALID_REQUEST,
                f"The bundle does not write {strange[0]}.",
                hint=f"It writes {', '.join(sorted(self.seen))}.",
            )
        written = {step.partition for step in self.steps}
        for name in self.bundle.info.images if self.bundle.info else ():
            if name not in written and self.choice.takes(name):
                raise self._missing(classic.file_of(name), name)
        if not self.steps:
            raise refuse(Code.INVALID_REQUEST, "Nothing of the bundle is left to write.")
        places = [(step.partition, step.slot) for step in self.steps]
        if twice := next((name for name, slot in places if places.count((name, slot)) > 1), None):
            raise refuse(Code.NOT_SUPPORTED, f"The bundle writes {twice} twice.")
        if len(self.steps) > MAX_STEPS:
            raise refuse(
                Code.NOT_SUPPORTED, f"The bundle has {len(self.steps)} steps; at most {MAX_STEPS}."
            )

    def _missing(self, file: str, partition: str) -> FaultError:
        return refuse(
            Code.IMAGE_CORRUPT,
            f"The bundle has no {file}, which it needs for {partition}.",
            hint=f"Use the whole bundle, or leave it as it is with --skip {partition}.",
        )

    def _requirements(self, firmware: dict[str, str]) -> Iterator[Requirement]:
        """Pass on what is asked, but for what this very job is about to make true."""
        written = {step.partition for step in self.steps}
        made = {version for _, name, version in _FIRMWARE if name in firmware.keys() & written}
        for each in self.bundle.info.requirements if self.bundle.info else ():
            if each.variable in made:
                self.notes.append(f"{each.variable} is not asked for: the job itself changes it.")
            else:
                yield each

    def _tell_what_is_left(self, firmware: dict[str, str]) -> None:
        if self.bundle.info is None:
            self.notes.append("Nothing is asked of the device: there is no android-info.txt.")
        used = {step.member.name for step in self.steps}
        skipped = {
            task.file
            for each in self.bundle.tasks
            if isinstance(task := each.task if isinstance(each, IfWipe) else each, Flash)
        } | {classic.SUPER_EMPTY}
        for name in self.bundle.members.keys() - used - skipped:
            if name in firmware.values():
                why = "is not written: that needs --allow-dangerous"
                self.notes.append(f"{name} {why}.")
            elif name.endswith(".img"):
                self.notes.append(f"{name} is not written: the bundle does not ask for it.")
            elif name.endswith(".sig"):
                self.notes.append(f"{name} is not sent.")
            elif any(fnmatch.fnmatch(name, pattern) for pattern in _UNRUN):
                self.notes.append(f"{name} is not run.")
        self.notes.sort()
        if more := self.notes[_MAX_NOTES:]:
            self.notes[_MAX_NOTES:] = [f"{len(more)} more files are left alone."]
