"""A kernel's own disk, flashed from the terminal: found, read back, refused while mounted."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from support.block_maps import block_map
from support.guest.guest import MEMORY, Guest
from support.guest.plugged import Plugged, plugged_in
from support.guest.yard import Yard

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]  # the first one waits for the boot

CONTENT = MEMORY / "disk"
MIB = 1 << 20
BLOCK = 4096
SIZE = 16 * MIB
RANGES = [(0, 99), (1000, 1400), (4000, 4095)]
CARD = random.Random("a card").randbytes(SIZE)


@pytest.fixture(scope="module")
def disk(guest: Guest, yard: Yard) -> Iterator[Plugged]:
    """A disk of 0xEE that is plugged in when the hub is already running."""
    assert yard.told("ls") == []
    guest.told(f"tr '\\0' '\\356' </dev/zero | head -c {SIZE} >{CONTENT}")
    told = ("--file", str(CONTENT))
    with plugged_in(guest, "support.guest.disk", "disk", "disk", *told, controller=1) as disk:
        yield disk


@pytest.mark.usefixtures("disk")
def test_an_image_with_its_map_goes_to_a_disk_and_is_read_back(guest: Guest, yard: Yard) -> None:
    device = yard.device("storage")
    assert device["partitions"] == {"disk": SIZE}
    assert device["port"] == "platform-dummy_hcd.1-usb-0:1"
    image = guest.share / "card.raw"
    image.write_bytes(CARD)
    image.with_suffix(".bmap").write_bytes(block_map(CARD, RANGES))
    wish = (device["deviceId"], "disk", image, "--verify", "readback", "--yes")
    *_, last = yard.told("flash", *wish)
    assert (last["job"]["status"], last["job"]["verification"]) == ("completed", "readback")
    expected = bytearray(b"\xee" * SIZE)
    for first, end in RANGES:
        span = slice(first * BLOCK, (end + 1) * BLOCK)
        expected[span] = CARD[span]
    (guest.share / "expected").write_bytes(expected)
    guest.told(f"cmp {CONTENT} {guest.share / 'expected'}")


@pytest.mark.usefixtures("disk")
def test_a_mounted_disk_says_so_and_is_not_written(guest: Guest, yard: Yard) -> None:
    device = yard.device("storage")
    guest.told("mke2fs -q /dev/sda && mkdir -p /run/disk && mount /dev/sda /run/disk")
    image = guest.share / "card.raw"
    wish = ("flash", device["deviceId"], "disk", image, "--no-bmap", "--yes")
    *_, last = yard.told(*wish, status=1)
    assert last["job"]["code"] == "disk_in_use"
    guest.told("touch /run/disk/still-there && umount /run/disk")
