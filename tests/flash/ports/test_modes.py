from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.ports.modes import classify
from flashyard.flash.ports.plugged import Function, Plugged

FASTBOOT = Function(0xFF, 0x42, 0x03)
FASTBOOTD = Function(0xFF, 0x42, 0x03, "fastbootd")
ADB = Function(0xFF, 0x42, 0x01)
DFU = Function(0xFE, 0x01, 0x02)
RUNTIME = Function(0xFE, 0x01, 0x01)
MTP = Function(0x06, 0x01, 0x01, "MTP")
PTP = Function(0x06, 0x01, 0x01)
KEYBOARD = Function(0x03, 0x01, 0x01)
STORAGE = Function(0x08, 0x06, 0x50)
VENDOR = Function(0xFF, 0xFF, 0xFF)
GOOGLE, APPLE, NOBODY = 0x18D1, 0x05AC, 0x1234

bytes_ = st.integers(0, 255)
functions = st.lists(st.builds(Function, bytes_, bytes_, bytes_, st.text(max_size=9)), max_size=5)
ids = st.integers(0, 0xFFFF)


def plugged(vendor: int, product: int, *spoken: Function) -> Plugged:
    return Plugged("station", "1-1", 1, 2, vendor, product, spoken)


@pytest.mark.parametrize(
    ("device", "mode"),
    [
        (plugged(GOOGLE, 0x4EE0, FASTBOOT), "fastboot"),
        (plugged(NOBODY, 1, VENDOR, FASTBOOT), "fastboot"),
        (plugged(GOOGLE, 0x4EE0, FASTBOOTD), "fastbootd"),
        (plugged(GOOGLE, 0x4EE7, ADB), "adb"),
        (plugged(GOOGLE, 0x4EE2, MTP, ADB), "adb"),
        (plugged(GOOGLE, 0xD001, ADB), "sideload"),
        (plugged(NOBODY, 0xDF11, DFU), "dfu"),
        (plugged(APPLE, 0x1227, DFU), "dfu"),
        (plugged(APPLE, 0x1281, VENDOR), "recovery"),
        (plugged(APPLE, 0x12A8, PTP), "normal"),
        (plugged(APPLE, 0x9999), "normal"),
        (plugged(0x05C6, 0x9008, VENDOR), "edl"),
        (plugged(0x0E8D, 0x2000, VENDOR), "download"),
        (plugged(0x04E8, 0x685D, VENDOR), "download"),
        (plugged(NOBODY, 1, MTP), "mtp"),
        (plugged(NOBODY, 1, PTP), "ptp"),
        (plugged(NOBODY, 1, STORAGE), "storage"),
        (plugged(0x22B8, 1, VENDOR), "normal"),
        (plugged(NOBODY, 1, KEYBOARD), "unknown"),
    ],
)
def test_a_device_s_mode_is_read_off_its_descriptors(device: Plugged, mode: str) -> None:
    assert classify(device).mode == mode


def test_what_cannot_be_flashed_as_it_is_comes_with_a_hint() -> None:
    for device in (
        plugged(GOOGLE, 0x4EE7, ADB),
        plugged(0x05C6, 0x9008),
        plugged(APPLE, 0x1227),
        plugged(GOOGLE, 1),
    ):
        assert classify(device).hint


@given(ids, ids, functions)
def test_only_the_interface_makes_a_device_fastboot(
    vendor: int, product: int, spoken: list[Function]
) -> None:
    reading = classify(plugged(vendor, product, *spoken))
    has_it = any(each.triplet == FASTBOOT.triplet for each in spoken)
    assert (reading.mode in {"fastboot", "fastbootd"}) is has_it
    assert 0 <= reading.confidence <= 1
    assert (reading.confidence == 0) is (reading.mode == "unknown")


@pytest.mark.parametrize(
    ("device", "way"),
    [
        (plugged(GOOGLE, 0x4EE0, FASTBOOT), "fastboot"),
        (plugged(NOBODY, 0xDF11, DFU), "dfu"),
        (plugged(NOBODY, 1, KEYBOARD, RUNTIME), "dfu"),
        (plugged(NOBODY, 1, STORAGE), "disk"),
        (plugged(APPLE, 0x1227, DFU), None),
        (plugged(GOOGLE, 0x4EE7, ADB, STORAGE), None),
        (plugged(NOBODY, 1, KEYBOARD), None),
    ],
)
def test_how_a_device_is_flashed_follows_from_its_mode(device: Plugged, way: str | None) -> None:
    reading = classify(device)
    assert reading.way == way
    if reading.mode == "normal":
        assert "DFU" in (reading.hint or "")
