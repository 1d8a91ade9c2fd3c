"""What a device calls the places a job writes."""

from __future__ import annotations

from typing import Any

import pytest

from flashyard.contract.records import Device
from flashyard_bridge.rollback.places import Slot, places_of


def device(**facts: Any) -> Device:
    return Device(
        **{
            "device_id": "D",
            "device_name": "D",
            "hub_id": "bench-a",
            "session": "s1",
            "rev": 0,
            "transport": "tcp",
            "mode": "fastboot",
            "online": True,
            "last_seen": 1,
            "emulated": True,
            "slots": ("a", "b"),
            "current_slot": "a",
            "partitions": {"boot_a": 1, "boot_b": 1, "userdata": 1},
            **facts,
        }
    )


@pytest.mark.parametrize(
    ("partition", "slot", "of_other", "expected"),
    [
        ("boot", None, False, ("boot_a",)),
        ("boot", None, True, ("boot_b",)),
        ("boot", "b", False, ("boot_b",)),
        ("boot", "inactive", False, ("boot_b",)),
        ("boot", "inactive", True, ("boot_a",)),
        ("boot_b", None, False, ("boot_b",)),
        ("userdata", "b", False, ("userdata",)),
        ("system", None, False, ("system_a", "system")),
    ],
)
def test_a_partition_has_the_name_of_its_slot(
    partition: str, slot: Slot, *, of_other: bool, expected: tuple[str, ...]
) -> None:
    assert places_of(device(), partition, slot, of_other=of_other) == expected


def test_without_slots_each_has_its_own_name() -> None:
    told = device(slots=(), current_slot=None, partitions=None)
    assert places_of(told, "boot", None) == ("boot",)


def test_of_a_device_that_hides_its_active_slot_nothing_is_said() -> None:
    assert places_of(device(current_slot=None), "boot", None) == ()
