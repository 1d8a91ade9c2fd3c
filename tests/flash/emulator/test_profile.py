from __future__ import annotations

import pytest

from flashyard.flash.emulator import Profile


@pytest.mark.parametrize("serial", ["A", "PIXEL6_001", "a.b:c@d-e_f", "x" * 64, "...", ".a"])
def test_a_serial_is_any_device_id(serial: str) -> None:
    assert Profile(serial=serial).serial == serial


@pytest.mark.parametrize("serial", ["", ".", "..", "a/b", "../a", "x" * 65, "a b", "ä", "a\n"])
def test_no_serial_leads_out_of_its_directory(serial: str) -> None:
    with pytest.raises(ValueError, match="cannot be a serial"):
        Profile(serial=serial)


@pytest.mark.parametrize("name", ["", "../x", ".x", "a/b", "x" * 37, "x\n"])
def test_no_partition_leads_out_of_its_directory(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a partition"):
        Profile(serial="A", partitions={name: 4096})


def test_what_no_device_can_be_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or 2 slots"):
        Profile(serial="A", slots=1)
    with pytest.raises(ValueError, match="one byte"):
        Profile(serial="A", partitions={"boot": 0})
    with pytest.raises(ValueError, match="link speed"):
        Profile(serial="A", link_speed=0)
    for latency in (-1.0, 3601.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="held back"):
            Profile(serial="A", latency_s=latency)
    for size in (0, 1 << 32):
        with pytest.raises(ValueError, match="32 bits"):
            Profile(serial="A", max_download_size=size)
