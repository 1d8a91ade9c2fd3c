from __future__ import annotations

from flashyard.cli.naming import named, warning
from support.facts import a_device

STICK = a_device(
    "4C530001", mode="storage", product="SanDisk\x1b[2J Ultra", partitions={"disk": 31914983424}
)


def test_a_disk_is_named_by_what_it_is_and_its_size_and_steers_no_terminal() -> None:
    assert named(STICK) == "4C530001: SanDisk�[2J Ultra, 29.7 GiB"
    unknown = a_device("usb-1", mode="storage")
    assert named(unknown) == "usb-1: an unknown disk, of unknown size"
    assert named(a_device("PHONE_1")) == "PHONE_1"


def test_it_is_said_that_a_disk_s_content_is_lost() -> None:
    assert warning([a_device("PHONE_1")]) == ""
    assert "Everything on the disk is lost" in warning([STICK, a_device("PHONE_1")])
    assert "disks" in warning([STICK, STICK])
