"""`android-info.txt`: what a device must say of itself to be given a bundle.

Source: AOSP's client, `fastboot/fastboot.cpp`, ParseRequirementLine, CheckRequirement and
HandlePartitionExists. Other than there a line that is not understood is refused: whatever it asks
for, nobody would have checked it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pydantic import ValidationError

from flashyard.contract.faults import Code, refuse
from flashyard.contract.plans import MAX_REQUIREMENTS, Requirement
from flashyard.flash.factory.script import Line, lines_of

NAME = "android-info.txt"
_FOR_PRODUCT = re.compile(r"require-for-product:\s*(\S+)\s+(.*)")
_RULE = re.compile(r"(?:(require|reject)\s+)?([^\s=]+)\s*=\s*(.*)")
_PARTITION_EXISTS = "partition-exists"


class AndroidInfo(NamedTuple):
    """What is asked of a device, and partitions whose images the bundle has to have."""

    requirements: tuple[Requirement, ...] = ()
    images: tuple[str, ...] = ()


def parse(content: bytes) -> AndroidInfo:
    """Read the file.

    `board` means the product. `partition-exists=NAME` asks whether the device knows of a slot for
    NAME, yes or no; one that does not know the partition says neither.

    Raises:
        FaultError: `image_corrupt`: a line that is none; `not_supported`: more than is ever asked.
    """
    requirements: list[Requirement] = []
    images: list[str] = []
    for line in lines_of(NAME, content):
        variable, values, reject, product = _rule(line)
        if variable == _PARTITION_EXISTS:
            variable, values = f"has-slot:{values[0]}", ["yes", "no"]
            images.append(variable.removeprefix("has-slot:"))
        try:
            rule = Requirement(
                variable=variable, values=tuple(values), reject=reject or None, product=product
            )
        except ValidationError as error:
            raise line.refused("a name or a value is not one.") from error
        if rule not in requirements:
            requirements.append(rule)
    if len(requirements) > MAX_REQUIREMENTS:
        raise refuse(Code.NOT_SUPPORTED, f"{NAME} asks for more than {MAX_REQUIREMENTS} things.")
    return AndroidInfo(tuple(requirements), tuple(dict.fromkeys(images)))


def _rule(line: Line) -> tuple[str, list[str], bool, str | None]:
    """Take a line apart: the variable, its values, whether they are rejected, for which product."""
    for_product = _FOR_PRODUCT.fullmatch(line.text)
    product, text = for_product.groups() if for_product else (None, line.text)
    rule = _RULE.fullmatch(text)
    if rule is None or (product is not None and rule[1]):
        raise line.refused("this is no requirement.")
    values = [value.strip() for value in rule[3].split("|")]
    variable = "product" if rule[2] == "board" else rule[2]
    return variable, values, rule[1] == "reject", product
