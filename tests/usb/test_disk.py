"""A removable disk behind the kernel's own mass-storage function, written by our target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.guest.guest import MEMORY, Guest, Underway
from support.guest.plugged import Plugged, plugged_in

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]  # the first one waits for the boot

CONTENT = MEMORY / "disk"
"""The file behind the disk: the medium, seen from the other side of the bus."""

MIB = 1 << 20
SIZE = 8 * MIB
LARGE = 96 * MIB  # there is time to pull the plug
NODE = "/dev/sda"


@contextmanager
def a_disk(guest: Guest, *options: str, size: int = SIZE) -> Iterator[Plugged]:
    """Have an empty disk on the bus while inside, once udev has named its port."""
    guest.told(f"rm -f {CONTENT}; truncate -s {size} {CONTENT}")
    told = ("--file", str(CONTENT), *options)
    with plugged_in(guest, "support.guest.disk", "disk", "disk", *told, controller=1) as disk:
        port(guest)
        yield disk
    guest.told(f"while [ -e {NODE} ]; do sleep 0.1; done")


@pytest.fixture
def disk(guest: Guest) -> Iterator[Plugged]:
    with a_disk(guest) as disk:
        yield disk


def port(guest: Guest) -> str:
    look = "ls /dev/disk/by-path 2>/dev/null | grep -x '.*dummy_hcd.1-usb-.*:0'"
    return guest.told(f"until {look}; do sleep 0.1; done").strip()


def noise(guest: Guest, size: int) -> Path:
    image = MEMORY / "noise"
    guest.told(f"head -c {size} /dev/urandom >{image}")
    return image


def writing(guest: Guest, image: Path) -> Underway:
    arguments = ("write", "disk", port(guest), "disk", image)
    return guest.start_module("support.guest.target", *arguments)


def written(guest: Guest, image: Path) -> Any:
    return json.loads(writing(guest, image).wait(60.0).out)


def untouched(guest: Guest) -> None:
    guest.told(f"cmp --bytes {SIZE} {CONTENT} /dev/zero")


@pytest.mark.usefixtures("disk")
def test_an_image_is_written_and_read_back_from_the_medium(guest: Guest) -> None:
    assert guest.told("cat /sys/block/sda/removable") == "1\n"
    image = noise(guest, 5 * MIB + 12_345)  # it ends in the middle of a block
    told = {"verification": "readback", "state": "disk verified"}
    assert written(guest, image) == told
    guest.told(f"cmp --bytes {5 * MIB + 12_345} {image} {CONTENT}")


def test_a_disk_pulled_out_in_mid_write_is_told_as_unplugged(guest: Guest) -> None:
    image = noise(guest, LARGE)
    with a_disk(guest, size=LARGE) as disk:
        program = writing(guest, image)
        sectors = "read _ _ _ _ _ _ written _ </sys/block/sda/stat"
        guest.told(f"until {sectors}; [ $written -gt 4096 ]; do sleep 0.1; done")
        disk.unplug()
        assert json.loads(program.wait(60.0).out)["code"] == "usb_unplugged"
    # Its first MiB comes last: whoever finds it sees an empty disk, not a broken one.
    guest.told(
        f"cmp --bytes {MIB} {CONTENT} /dev/zero && ! cmp --bytes {LARGE} {CONTENT} /dev/zero"
    )


@pytest.mark.usefixtures("disk")
def test_an_image_larger_than_the_disk_is_refused(guest: Guest) -> None:
    assert written(guest, noise(guest, SIZE + 1))["code"] == "image_too_large"
    untouched(guest)


@pytest.mark.usefixtures("disk")
def test_a_mounted_disk_is_refused(guest: Guest) -> None:
    image = noise(guest, MIB)
    guest.told(f"mke2fs -q {NODE} && mkdir -p /run/disk && mount {NODE} /run/disk")
    assert written(guest, image)["code"] == "disk_in_use"
    guest.told("touch /run/disk/still-there && umount /run/disk")
    assert written(guest, image)["verification"] == "readback"


def test_a_disk_with_its_lock_set_is_refused(guest: Guest) -> None:
    with a_disk(guest, "--read-only"):
        assert written(guest, noise(guest, MIB))["code"] == "disk_read_only"
        untouched(guest)
