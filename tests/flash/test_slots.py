from __future__ import annotations

import pytest

from flashyard.flash.slots import bare, missing, other

DEVICE = [
    f"{name}_{letter}"
    for name in ("boot", "vendor_boot", "vbmeta", "vbmeta_system", "dtbo", "system", "vendor_dlkm")
    for letter in "ab"
] + ["modem_a", "modem_b", "xbl_a", "xbl_b", "userdata", "super", "odd_ab"]
SYSTEM = {"boot", "vendor_boot", "vbmeta", "vbmeta_system", "dtbo", "system", "vendor_dlkm"}


def test_the_other_of_two_slots_is_the_one_it_is_not() -> None:
    assert other("a", ("a", "b")) == "b"
    assert other("b", ("a", "b")) == "a"
    assert other("c", ("a", "b", "c")) == "a"


@pytest.mark.parametrize(("slot", "slots"), [(None, ()), ("a", ("a",)), (None, ("a", "b"))])
def test_without_slots_or_an_active_one_there_is_no_other(
    slot: str | None, slots: tuple[str, ...]
) -> None:
    assert other(slot, slots) is None


def test_a_letter_is_dropped_and_nothing_else() -> None:
    assert [bare(name) for name in ("boot_a", "vendor_boot", "_a", "boot_c")] == [
        "boot",
        "vendor_boot",
        "_a",
        "boot_c",
    ]


def test_a_slot_is_whole_with_all_of_its_system_firmware_left_alone() -> None:
    assert missing(DEVICE, "b", SYSTEM) == ()


@pytest.mark.parametrize("name", sorted(SYSTEM))
def test_each_partition_of_the_system_is_missed(name: str) -> None:
    assert missing(DEVICE, "b", SYSTEM - {name}) == (name,)


def test_what_is_named_with_its_slot_counts_for_that_slot() -> None:
    full = {f"{name}_b" for name in SYSTEM}
    assert missing(DEVICE, "b", full) == ()
    assert missing(DEVICE, "a", full) == tuple(sorted(SYSTEM))


def test_who_writes_super_writes_all_that_is_in_it() -> None:
    assert missing(DEVICE, "b", SYSTEM - {"system", "vendor_dlkm"} | {"super"}) == ()


def test_a_system_that_only_fastbootd_knows_of_is_missed_all_the_same() -> None:
    bootloader = ["boot_a", "boot_b", "super"]
    assert missing(bootloader, "b", {"boot"}) == ("system",)
    assert missing(bootloader, "b", {"boot", "system"}) == ()
    assert missing(bootloader, "b", {"boot", "super"}) == ()


def test_a_device_that_tells_nothing_misses_nothing() -> None:
    assert missing([], "b", {"boot"}) == ()
