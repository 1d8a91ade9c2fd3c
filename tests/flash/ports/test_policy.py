from __future__ import annotations

from flashyard.flash.ports.policy import PortPolicy
from flashyard.settings import PortRule

HUB = "pci-0000:00:14.0-usb-0:1.{}"


def policy(*rules: str) -> PortPolicy:
    return PortPolicy([PortRule.parse(rule) for rule in rules])


def test_a_station_that_no_rule_names_is_not_ours() -> None:
    ours = policy("pci-0000:00:14.0-usb-0:1.*")
    assert ours.name(HUB.format(3)) == HUB.format(3)
    assert ours.name("pci-0000:00:14.0-usb-0:2") is None
    assert policy().name(HUB.format(3)) is None


def test_a_station_has_the_name_of_the_first_rule_that_fits() -> None:
    ours = policy(f"{HUB.format(1)}=Front left", "*-usb-0:1.*=Rack", "*")
    assert ours.name(HUB.format(1)) == "Front left"
    assert ours.name(HUB.format("4.2")) == "Rack 1.4.2"
    assert ours.name("platform-x-usb-0:7") == "platform-x-usb-0:7"
