from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.ports.station import Ancestor, behind, controller, place, station

PCI = Ancestor("pci", "0000:00:14.0")
paths = st.lists(st.integers(1, 31), min_size=1, max_size=6).map(
    lambda ports: ".".join(map(str, ports))
)


# What udev 252 says of these, on machines that have them.
@pytest.mark.parametrize(
    ("above", "path", "expected"),
    [
        ([PCI, Ancestor("", "pci0000:00")], "1.2.3", "pci-0000:00:14.0-usb-0:1.2.3"),
        ([Ancestor("platform", "dummy_hcd.0"), Ancestor("", "platform")], "1",
         "platform-dummy_hcd.0-usb-0:1"),
        ([Ancestor("platform", "xhci-hcd.0"), Ancestor("platform", "1000120000.pcie")], "2",
         "platform-xhci-hcd.0-usb-0:2"),
        ([Ancestor("pci", "0000:01:00.0"), Ancestor("pci", "0000:00:00.0"),
          Ancestor("", "pci0000:00"), Ancestor("platform", "fd500000.pcie")], "1.1",
         "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.1"),
    ],
)  # fmt: skip
def test_a_station_is_called_what_udev_calls_it(
    above: list[Ancestor], path: str, expected: str
) -> None:
    assert station(above, path) == expected


def test_a_port_without_its_other_half_has_a_name_of_its_own() -> None:
    assert station([PCI], "1", alone=True) != station([PCI], "1")


@given(st.integers(1, 99), paths)
def test_a_device_s_name_tells_its_bus_and_its_way(bus: int, path: str) -> None:
    assert place(f"{bus}-{path}") == (bus, path)
    assert place(f"{bus}-{path}:1.0") is None


@given(st.integers(1, 99), paths, st.integers(1, 31))
def test_a_hub_s_port_tells_what_is_behind_it(bus: int, path: str, port: int) -> None:
    assert behind(f"usb{bus}-port{port}") == f"{bus}-{port}"
    assert behind(f"{bus}-{path}-port{port}") == f"{bus}-{path}.{port}"


@given(st.text())
def test_anything_else_is_no_place(text: str) -> None:
    place(text)
    behind(text)


@given(paths, paths)
def test_different_ways_are_different_stations(one: str, other: str) -> None:
    assert (station([PCI], one) == station([PCI], other)) is (one == other)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("pci-0000:00:14.0-usb-0:1.4.2", "pci-0000:00:14.0"),
        ("pci-0000:00:14.0-usbv3-0:2", "pci-0000:00:14.0"),
        ("platform-3f980000.usb-usb-0:1.2", "platform-3f980000.usb"),
        (
            "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3",
            "platform-fd500000.pcie-pci-0000:01:00.0",
        ),
        ("usb-0:1", ""),
    ],
)
def test_a_station_tells_its_controller(where: str, expected: str) -> None:
    assert controller(where) == expected
