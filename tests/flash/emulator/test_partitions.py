from __future__ import annotations

import pytest

from flashyard.flash.emulator.partitions import SUPER_SIZE, Partitions
from flashyard.flash.emulator.profile import DEFAULT_PARTITIONS
from flashyard.flash.emulator.reply import RefusedError


def test_without_slots_every_name_is_as_ordered() -> None:
    partitions = Partitions(DEFAULT_PARTITIONS, 0)
    assert set(partitions) == set(DEFAULT_PARTITIONS) == set(partitions.bare_names())
    assert not any(partitions.has_slot(name) for name in partitions)
    assert partitions.resolve("boot", None) == "boot"
    with pytest.raises(RefusedError):
        partitions.resolve("boot_a", None)


def test_with_slots_all_but_data_comes_twice() -> None:
    partitions = Partitions(DEFAULT_PARTITIONS, 2)
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
    partitions = Partitions({"boot": 100, "boot_b": 50, "only_a": 7}, 2)
    assert {name: partitions.size(name) for name in partitions} == {
        "boot_a": 100,
        "boot_b": 50,
        "only_a": 7,
    }


def test_logical_partitions_share_super() -> None:
    partitions = Partitions({"boot": 100}, 0)
    partitions.create("one", SUPER_SIZE - 1)
    with pytest.raises(RefusedError, match="super"):
        partitions.create("two", 2)
    partitions.create("two", 1)
    partitions.resize("one", 0)
    partitions.resize("two", SUPER_SIZE)
    with pytest.raises(RefusedError, match="super"):
        partitions.resize("one", 1)
    partitions.delete("two")
    partitions.resize("one", SUPER_SIZE)
    assert partitions.is_logical("one")
    assert not partitions.is_logical("boot")
