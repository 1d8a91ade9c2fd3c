from __future__ import annotations

import pytest

from flashyard.cli.choice import choose, every
from flashyard.contract.faults import Code, FaultError
from flashyard.contract.records import Device
from support.facts import a_device

BENCH = [
    a_device("PIXEL6_001"),
    a_device("PIXEL6_002", online=False),
    a_device("SAMSUNG_S21_002"),
    a_device("TWIN", hub_id="bench-a"),
    a_device("TWIN", hub_id="bench-b"),
]


def chosen(wanted: str, hub_id: str | None = None) -> list[str]:
    return [f"{each.device_id}@{each.hub_id}" for each in choose(BENCH, wanted, hub_id)]


def refusal(wanted: str, hub_id: str | None = None) -> FaultError:
    with pytest.raises(FaultError) as caught:
        choose(BENCH, wanted, hub_id)
    return caught.value


def test_a_name_is_a_device_id_even_of_one_that_is_offline() -> None:
    assert chosen("PIXEL6_001") == ["PIXEL6_001@bench-a"]
    assert chosen("PIXEL6_002") == ["PIXEL6_002@bench-a"]


def test_names_come_in_the_order_asked_for_and_once_each() -> None:
    wanted = "SAMSUNG_S21_002, PIXEL6_001,PIXEL*"
    assert chosen(wanted) == ["SAMSUNG_S21_002@bench-a", "PIXEL6_001@bench-a"]


def test_a_glob_means_online_devices_of_all_hubs() -> None:
    assert chosen("PIXEL*") == ["PIXEL6_001@bench-a"]
    assert chosen("T[WV]IN") == ["TWIN@bench-a", "TWIN@bench-b"]
    assert refusal("pixel*").fault.code is Code.UNKNOWN_DEVICE


def test_a_name_on_two_hubs_needs_the_hub() -> None:
    fault = refusal("TWIN").fault
    assert fault.code is Code.AMBIGUOUS_DEVICE
    assert "bench-a, bench-b" in fault.sentence
    assert "--hub" in (fault.hint or "")
    assert chosen("TWIN", "bench-b") == ["TWIN@bench-b"]


def test_of_two_only_the_one_that_is_online_can_be_meant() -> None:
    here, gone = a_device("X", hub_id="here"), a_device("X", hub_id="gone", online=False)
    assert choose([gone, here], "X") == [here]


def test_an_unknown_name_gets_the_nearest_as_a_hint() -> None:
    fault = refusal("PIXEL6_01").fault
    assert fault.code is Code.UNKNOWN_DEVICE
    assert "PIXEL6_0" in (fault.hint or "")


def test_a_wrong_hub_is_not_taken_for_a_wrong_device() -> None:
    assert refusal("PIXEL6_001", "bench-z").fault.code is Code.UNKNOWN_HUB
    with pytest.raises(FaultError, match="no hub 'bench-z'"):
        every(BENCH, "bench-z")


@pytest.mark.parametrize("nothing", ["", ",", " , "])
def test_no_name_at_all_is_a_usage_error(nothing: str) -> None:
    assert refusal(nothing).fault.rule.exit == 2


def test_all_means_every_device_that_is_online() -> None:
    assert [each.device_id for each in every(BENCH, "bench-a")] == [
        "PIXEL6_001",
        "SAMSUNG_S21_002",
        "TWIN",
    ]
    with pytest.raises(FaultError, match="No device is online"):
        every([a_device(online=False)])


MIXED = [
    a_device("PHONE_1"),
    a_device("BOARD_1", mode="dfu"),
    a_device("BOARD_2", mode="normal"),
    a_device("STICK_1", mode="storage"),
]


def ids(devices: list[Device]) -> list[str]:
    return [device.device_id for device in devices]


def test_disks_and_what_runs_its_own_firmware_are_meant_by_their_names_alone() -> None:
    assert ids(every(MIXED)) == ["PHONE_1", "BOARD_1"]
    assert ids(choose(MIXED, "*_1")) == ["PHONE_1", "BOARD_1"]
    assert ids(choose(MIXED, "*_1,STICK_1")) == ["PHONE_1", "BOARD_1", "STICK_1"]
    assert ids(choose(MIXED, "BOARD_2")) == ["BOARD_2"]


def test_disks_are_meant_by_all_and_globs_where_that_is_said() -> None:
    assert ids(every(MIXED, disks=True)) == ["PHONE_1", "BOARD_1", "STICK_1"]
    assert ids(choose(MIXED, "S*", disks=True)) == ["STICK_1"]
    with pytest.raises(FaultError) as caught:
        choose(MIXED, "S*")
    assert caught.value.fault.code is Code.UNKNOWN_DEVICE
    assert "--disks" in (caught.value.fault.hint or "")
    with pytest.raises(FaultError):
        every(MIXED[2:])
