from __future__ import annotations

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.doctor.rule import FILE, group_of, rule
from flashyard.settings import PortRule


def test_it_comes_before_seats_are_given_their_devices() -> None:
    assert FILE < "73-seat-late.rules"


def test_it_knows_devices_by_what_they_speak_and_by_no_maker() -> None:
    text = rule()
    for spoken in ("*:ff4203:*", "*:fe0102:*", "*:fe0101:*"):
        assert spoken in text
    assert "idVendor" not in text


def test_it_keeps_modem_manager_off_and_devices_awake() -> None:
    assert 'ENV{ID_MM_DEVICE_IGNORE}="1"' in rule()
    assert 'ATTR{power/control}="on"' in rule()


def test_it_gives_no_disk_away_unless_a_port_was_named() -> None:
    for ports in ((), (PortRule("*"),)):
        assert "ID_PATH" not in rule(ports)
        assert "UDISKS_IGNORE" not in rule(ports)


def test_it_gives_away_disks_of_named_ports_alone() -> None:
    text = rule([PortRule("*-usb-0:1.*", "Rack"), PortRule("pci-0000:00:14.0-usb-0:4")])
    assert 'ENV{ID_PATH}=="*-usb-0:1.*:*|pci-0000:00:14.0-usb-0:4:*"' in text
    assert 'SUBSYSTEMS=="usb"' in text
    assert "Rack" not in text


@pytest.mark.parametrize("group", ["plugdev", "flash-ers"])
def test_its_group_can_be_read_back_from_it(group: str) -> None:
    assert group_of(rule(group=group)) == group


@pytest.mark.parametrize("text", ["", 'GROUP="no name"'])
def test_where_no_rule_names_a_group_it_is_the_usual_one(text: str) -> None:
    assert group_of(text) == "plugdev"


@pytest.mark.parametrize("glob", ['a"b', "a|b", "a b", "a\nb", "a\\b", "$env{X}", "a,b"])
def test_a_port_that_could_say_something_else_is_refused(glob: str) -> None:
    with pytest.raises(FaultError, match="--usb-port") as refused:
        rule([PortRule(glob)])
    assert refused.value.fault.code is Code.INVALID_REQUEST


@pytest.mark.parametrize("group", ["", "a b", 'x"', "Root", "9"])
def test_what_can_be_no_group_is_refused(group: str) -> None:
    with pytest.raises(FaultError, match="no name of a group"):
        rule(group=group)
