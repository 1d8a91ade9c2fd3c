"""Where a partition is, by what bootloaders of all kinds tell of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.fastboot.partitions import Partitions
from flashyard.flash.target import Place
from support.faults import refused

# Each has a super and keeps what is in it to itself.
TELLS_SIZES = {"partition-size:super": "0x1000000", "partition-size:boot_a": "0x1000"}
NAMES_SUPER = {"super-partition-name": "super", "has-slot:system": "yes", "current-slot": "a"}
INSIDE = {
    "is-userspace": "yes",
    "partition-size:super": "0x1000000",
    "has-slot:system": "yes",
    "current-slot": "_a",
    "partition-size:system_a": "0x2000",
    "is-logical:system_a": "yes",
}


def told(variables: Mapping[str, str]) -> Partitions:
    return Partitions(variables.get, lambda: variables)


@pytest.mark.parametrize(
    ("variables", "partition", "place"),
    [
        (TELLS_SIZES, "system", Place("system", None, mode="fastbootd")),
        (TELLS_SIZES, "my_carrier", Place("my_carrier", None, mode="fastbootd")),
        (TELLS_SIZES, "super", Place("super", 0x1000000)),
        (NAMES_SUPER, "system", Place("system_a", None, mode="fastbootd")),
        ({"super-partition-name": "super"}, "radio", Place("radio", None)),
        (INSIDE, "system", Place("system_a", 0x2000, resizable=True)),
        (
            TELLS_SIZES | {"is-logical:odm": "yes", "partition-size:odm": "0x10"},
            "odm",
            Place("odm", 0x10, resizable=True, mode="fastbootd"),
        ),
        ({"partition-size:system": "0x10"}, "system", Place("system", 0x10)),
    ],
)
def test_what_lives_in_super_is_to_be_written_in_fastbootd(
    variables: Mapping[str, str], partition: str, place: Place
) -> None:
    assert told(variables).locate(partition, None) == place


def test_nowhere_else_can_it_be_once_fastbootd_does_not_know_it() -> None:
    inside = INSIDE | {"partition-size:boot_a": "0x1000"}
    with refused(Code.UNKNOWN_PARTITION):
        told(inside).locate("my_carrier", None)


def test_the_size_of_a_logical_partition_limits_nothing() -> None:
    assert told(INSIDE).sizes == {"super": 0x1000000, "system_a": None}


def test_without_a_word_on_slots_the_list_decides() -> None:
    listed = {"partition-size:boot_a": "0x1000", "partition-size:boot_b": "0x1000"}
    assert told(listed).locate("boot", "b") == Place("boot_b", 0x1000)
    with refused(Code.PROTOCOL_ERROR):
        told({}).locate("boot", "b")
    assert told({}).locate("boot", None) == Place("boot", None)
    assert told(NAMES_SUPER | {"has-slot:system": ""}).locate("system", "b").mode == "fastbootd"
