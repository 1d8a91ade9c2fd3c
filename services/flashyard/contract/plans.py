"""What a job of several partitions is made of, as it is asked for and kept for a retry."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from flashyard.contract.model import Model, Partition, Sha256

MAX_STEPS = 64
MAX_REQUIREMENTS = 64

Method: TypeAlias = Literal["flash", "update-super"]
Before: TypeAlias = Literal["reboot-bootloader", "reboot-fastboot"]

# What a device may say of itself: printable ASCII that fits into a fastboot answer.
_Word = Annotated[str, Field(pattern=r"^[!-~]{1,60}$")]


class PlannedStep(Model):
    """One partition. ``image`` is a stored image's sha256.

    ``slot``: `other` is the one that the job as a whole does not write. ``method``:
    `update-super` hands the image to the device as the layout of its logical partitions.
    ``before``: what the device is told first.
    """

    partition: Partition
    image: Sha256
    slot: Literal["other"] | None = None
    method: Method = "flash"
    before: Before | None = None


class Requirement(Model):
    """What a device must say of itself, in the manner of `android-info.txt`.

    The variable's value is to be one of ``values`` (an asterisk at the end: anything may follow);
    with ``reject`` it must be none of them. ``product``: asked of that product alone.
    """

    variable: _Word
    values: Annotated[tuple[_Word, ...], Field(min_length=1, max_length=64, strict=False)]
    reject: bool | None = None
    product: _Word | None = None


class FlashPlan(Model):
    """The partitions in the order in which they are written, and what the device must be."""

    partitions: Annotated[tuple[PlannedStep, ...], Field(min_length=1, max_length=MAX_STEPS)]
    requirements: Annotated[tuple[Requirement, ...], Field(max_length=MAX_REQUIREMENTS)] = ()
