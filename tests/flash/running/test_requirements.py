from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.contract.plans import Requirement
from flashyard.flash.running.requirements import check
from support.faults import refused

DEVICE = {
    "product": "oriole",
    "version-bootloader": "slider-14.5",
    "has-slot:vendor_boot": "yes",
    "has-slot:userdata": "no",
}


def require(variable: str, *values: str, **how: object) -> Requirement:
    return Requirement(variable=variable, values=values, **how)  # type: ignore[arg-type]  # vary


@pytest.mark.parametrize(
    "met",
    [
        require("product", "raven", "oriole"),
        require("board", "oriole"),
        require("version-bootloader", "slider-*"),
        require("version-bootloader", "*"),
        require("product", "raven", reject=True),
        require("product", "rav*", "or", reject=True),
        require("version-bootloader", "other", product="raven"),
        require("no-such-variable", "1", product="raven"),
        require("partition-exists", "vendor_boot"),
        require("partition-exists", "userdata"),
        require("partition-exists", "cache", reject=True),
    ],
)
def test_a_device_that_is_what_is_asked_for_is_let_through(met: Requirement) -> None:
    check([met], DEVICE.get)


@pytest.mark.parametrize(
    ("unmet", "told"),
    [
        (require("product", "raven", "bluejay"), "product: wanted raven or bluejay, found oriole"),
        (require("board", "raven"), "product: wanted raven, found oriole"),
        (
            require("version-bootloader", "slider-1"),
            "version-bootloader: wanted slider-1, found slider-14.5",
        ),
        (
            require("product", "or*", reject=True),
            "product: wanted anything but or*, found oriole",
        ),
        (require("version-baseband", "g5"), "version-baseband: wanted g5, found nothing"),
        (
            require("version-baseband", "g5", reject=True),
            "version-baseband: wanted anything but g5, found nothing",
        ),
        (
            require("version-bootloader", "x", product="oriole"),
            "version-bootloader: wanted x, found slider-14.5",
        ),
        (require("partition-exists", "odm"), "partition: wanted odm, found none"),
        (
            require("partition-exists", "vendor_boot", reject=True),
            "partition: wanted anything but vendor_boot, found it",
        ),
    ],
)
def test_any_other_is_refused_with_what_is_wanted_and_what_is_found(
    unmet: Requirement, told: str
) -> None:
    with refused(Code.DEVICE_MISMATCH) as refusal:
        check([require("product", "oriole"), unmet], DEVICE.get)
    assert refusal.fault.details == told


@given(st.text("ab*", min_size=1, max_size=6), st.text("ab", min_size=1, max_size=6))
def test_an_asterisk_stands_for_anything_at_the_end_and_for_itself_elsewhere(
    value: str, found: str
) -> None:
    fits = found.startswith(value[:-1]) if value.endswith("*") else found == value
    if fits:
        check([require("x", value)], {"x": found}.get)
    else:
        with refused(Code.DEVICE_MISMATCH):
            check([require("x", value)], {"x": found}.get)
