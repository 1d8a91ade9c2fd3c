from __future__ import annotations

from typing import Any

import pytest

from flashyard.flash.emulator.partitions import Partitions
from flashyard.flash.emulator.profile import DEFAULT_PARTITIONS, DEFAULT_SUPER, Profile
from flashyard.flash.emulator.reply import RefusedError


def table(**profile: Any) -> Partitions:
    return Partitions(Profile(serial="TABLE_1", **profile))


def test_without_slots_every_name_is_as_ordered() -> None:
    partitions = table()
    assert set(partitions) == set(DEFAULT_PARTITIONS) == set(partitions.bare_names())
    assert not any(partitions.has_slot(name) for name in partitions)
    assert partitions.resolve("boot", None) == "boot"
    with pytest.raises(RefusedError):
        partitions.resolve("boot_a", None)


def test_with_slots_all_but_data_comes_twice() -> None:
    partitions = table(slots=2)
    assert "userdata" in set(partitions)
    assert len(list(partitions)) == 2 * (len(DEFAULT_PARTITIONS) - 1) + 1
    assert partitions.bare_names() == sorted(DEFAULT_PARTITIONS)
    assert partitions.resolve("boot", "b") == "boot_b"
    assert partitions.resolve("boot_a", "b") == "boot_a"
    assert partitions.resolve("userdata", "b") == "userdata"
    assert partitions.has_slot("boot")
    assert not partitions.has_slot("boot_a")
    assert not partitions.has_slot("userdata")


def test_one_slot_s_partition_can_be_sized_alone() -> None:
    partitions = table(partitions={"boot": 100, "boot_b": 50, "only_a": 7}, slots=2)
    assert {name: partitions.size(name) for name in partitions} == {
        "boot_a": 100,
        "boot_b": 50,
        "only_a": 7,
    }


def test_logical_partitions_share_super() -> None:
    partitions = table(partitions={"boot": 100})
    partitions.create("one", DEFAULT_SUPER - 1)
    with pytest.raises(RefusedError, match="super"):
        partitions.create("two", 2)
    partitions.create("two", 1)
    partitions.resize("one", 0)
    partitions.resize("two", DEFAULT_SUPER)
    with pytest.raises(RefusedError, match="super"):
        partitions.resize("one", 1)
    partitions.delete("two")
    partitions.resize("one", DEFAULT_SUPER)
    assert partitions.is_logical("one")
    assert not partitions.is_logical("boot")


def test_a_bootloader_knows_nothing_of_what_lives_in_super() -> None:
    partitions = table(partitions={"boot": 100, "system": 9}, logical={"system": 50}, slots=2)
    assert list(partitions) == ["boot_a", "boot_b", "super"]
    for ask in (partitions.has_slot, lambda name: partitions.resolve(name, "a"), partitions.delete):
        with pytest.raises(RefusedError):
            ask("system")
    partitions.mapped = True
    assert partitions.has_slot("system")
    assert (partitions.size("system_a"), partitions.size("system_b")) == (50, 0)
    assert partitions.is_logical("system_b")


def test_super_is_as_large_as_ordered() -> None:
    partitions = table(partitions={}, logical={"system": 50}, super_size=80)
    partitions.mapped = True
    assert partitions.size("super") == 80
    partitions.resize("system", 80)
    with pytest.raises(RefusedError, match="super"):
        partitions.create("extra", 1)
    assert partitions.empty() == ["system"]
    partitions.create("extra", 80)
    with pytest.raises(ValueError, match="larger than the super"):
        table(logical={"system": 81}, super_size=80)
