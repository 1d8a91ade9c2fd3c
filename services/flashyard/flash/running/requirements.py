"""What an image asks of a device, held against what the device says of itself.

It knows no image file; whoever reads one makes requirements of it.
Source: AOSP system/core, fastboot/fastboot.cpp, `check_requirement` and `match_fail`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.plans import Requirement

Ask = Callable[[str], str | None]
"""Takes a variable's name and gives its value; None: the device does not tell."""

_PRODUCT = "product"
# What images call a variable, and what devices do.
_NAMES = {"board": _PRODUCT}
_EXISTS = "partition-exists"


def check(requirements: Iterable[Requirement], ask: Ask) -> None:
    """Raise `device_mismatch`, naming what is wanted and what is found, at the first one unmet."""
    for requirement in requirements:
        if requirement.product is None or ask(_PRODUCT) == requirement.product:
            _check(requirement, ask)


def _check(requirement: Requirement, ask: Ask) -> None:
    if requirement.variable == _EXISTS:
        _check_partitions(requirement, ask)
        return
    variable = _NAMES.get(requirement.variable, requirement.variable)
    found = ask(variable)
    is_among = found is not None and any(_fits(found, value) for value in requirement.values)
    if is_among == bool(requirement.reject) or found is None:
        raise _mismatch(requirement, variable, found or "nothing")


def _check_partitions(requirement: Requirement, ask: Ask) -> None:
    """A device answers `has-slot` of whatever it has."""
    has_any = any(ask(f"has-slot:{name}") is not None for name in requirement.values)
    if has_any == bool(requirement.reject):
        raise _mismatch(requirement, "partition", "it" if has_any else "none")


def _fits(found: str, value: str) -> bool:
    """An asterisk at the end stands for anything."""
    return found.startswith(value[:-1]) if value.endswith("*") else found == value


def _mismatch(requirement: Requirement, variable: str, found: str) -> FaultError:
    values = " or ".join(requirement.values)
    wanted = f"anything but {values}" if requirement.reject else values
    return refuse(
        Code.DEVICE_MISMATCH,
        f"The image is not for this device: its {variable} is not {wanted}.",
        hint="Use the image made for this product and version.",
        details=f"{variable}: wanted {wanted}, found {found}",
    )
