"""The guest itself: AOSP's own client meets the emulator on a real USB stack."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from support.guest.guest import MEMORY, Guest
from support.guest.plugged import Plugged, plugged_in

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]  # the first one waits for the boot

SERIAL = "USB_1"
OUT = MEMORY / "out"
CLIENT = f"timeout 60 fastboot -s {SERIAL}"
MIB = 1 << 20


def a_phone(guest: Guest, *more: str) -> AbstractContextManager[Plugged]:
    options = ("--serial", SERIAL, "--out", str(OUT), "--max-download", "4", *more)
    return plugged_in(guest, "support.guest.phone", "phone", SERIAL, *options)


@pytest.fixture
def phone(guest: Guest) -> Iterator[Plugged]:
    with a_phone(guest) as phone:
        yield phone


def in_memory(guest: Guest, image: Path) -> Path:
    told(guest, f"cp {image} {MEMORY}")
    return MEMORY / image.name


@pytest.fixture(scope="module")
def file_system(guest: Guest) -> Path:
    """An ext4 image of three times what the phone takes at once."""
    tree, image = guest.share / "tree", guest.share / "system.ext4"
    tree.mkdir()
    for number in range(4):
        content = random.Random(number).randbytes(2_500_000 + number)
        tree.joinpath(f"file-{number}").write_bytes(content)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, image, "16m"], check=True)
    return in_memory(guest, image)


def told(guest: Guest, line: str) -> str:
    done = guest.run(line, within=90.0)
    assert done.status == 0, done.out
    return done.out


def test_a_command_tells_its_status_and_all_it_said(guest: Guest) -> None:
    done = guest.run("echo out; echo err >&2; exit 3")
    assert (done.status, done.out) == (3, "out\nerr\n")


def test_a_command_that_does_not_end_is_killed(guest: Guest) -> None:
    endless = guest.start("echo still here; sleep 1000")
    with pytest.raises(TimeoutError, match="still here"):
        endless.wait(within=3.0)
    assert endless.wait(within=20.0).status == 128 + signal.SIGKILL


def test_the_host_reads_what_the_guest_wrote_and_keeps_its_own_files(guest: Guest) -> None:
    told(guest, f"echo hello >{guest.share}/hello; touch /etc/of-the-guest")
    assert guest.share.joinpath("hello").read_text() == "hello\n"
    assert not Path("/etc/of-the-guest").exists()


def test_the_kernel_lists_the_phone_with_its_interface_and_port(
    guest: Guest, phone: Plugged
) -> None:
    where = phone.seen()
    assert told(guest, f"cat {where}/idVendor {where}/idProduct {where}/speed").split() == [
        *("18d1", "4ee0", "5000")
    ]
    facts = told(guest, f"udevadm settle --timeout=20; udevadm info -q property {where}")
    assert "ID_USB_INTERFACES=:ff4203:" in facts
    assert "ID_PATH=platform-dummy_hcd.0-usb-0:1\n" in facts


def test_a_phone_of_usb_2_sits_on_the_other_bus_at_the_same_port(guest: Guest) -> None:
    with a_phone(guest, "--speed", "high-speed") as phone:
        where = phone.seen()
        assert told(guest, f"cat {where}/speed") == "480\n"
        facts = told(guest, f"udevadm settle --timeout=20; udevadm info -q property {where}")
        assert "ID_PATH=platform-dummy_hcd.0-usb-0:1\n" in facts
        assert f"serialno: {SERIAL}" in told(guest, f"{CLIENT} getvar serialno")


def test_the_reference_client_lists_it_and_asks_it(guest: Guest, phone: Plugged) -> None:
    phone.seen()
    assert told(guest, "fastboot devices") == f"{SERIAL}\tfastboot\n"
    assert f"serialno: {SERIAL}" in told(guest, f"{CLIENT} getvar serialno")
    assert "max-download-size:0x400000" in told(guest, f"{CLIENT} getvar all")


def test_a_file_system_over_the_limit_arrives(
    guest: Guest, phone: Plugged, file_system: Path
) -> None:
    phone.seen()
    assert "Sending sparse" in told(guest, f"{CLIENT} flash system {file_system}")
    told(guest, f"cmp {file_system} {OUT}/{SERIAL}/system.img")


def test_it_leaves_the_bus_and_comes_back_in_the_other_mode(guest: Guest, phone: Plugged) -> None:
    assert "is-userspace: no" in told(guest, f"{CLIENT} getvar is-userspace")
    told(guest, f"{CLIENT} reboot fastboot")
    assert told(guest, f"cat {phone.seen()}/idProduct") == "4ee7\n"
    assert "is-userspace: yes" in told(guest, f"{CLIENT} getvar is-userspace")
    told(guest, f"{CLIENT} reboot")
    assert "is-userspace: no" in told(guest, f"{CLIENT} getvar is-userspace")
    assert told(guest, f"cat {phone.seen()}/idProduct") == "4ee0\n"


def test_unplugged_in_mid_transfer_the_client_fails_and_plugged_in_again_it_succeeds(
    guest: Guest,
) -> None:
    image = MEMORY / "noise"
    told(guest, f"head -c {24 * MIB} /dev/urandom >{image}")
    with a_phone(guest, "--link-speed", "4") as phone:
        flashing = guest.start(f"{CLIENT} flash system {image}")
        flashing.wait_for("Sending sparse 'system' 2/", 60.0)
        phone.unplug()
        assert flashing.wait(60.0).status != 0
        assert not told(guest, "fastboot devices")
        phone.plug_in()
        told(guest, f"{CLIENT} flash system {image} && cmp {image} {OUT}/{SERIAL}/system.img")


def test_a_disk_is_there_and_gone(guest: Guest) -> None:
    content = MEMORY / "disk"
    told(guest, f"truncate -s 8M {content}")
    options = ("--file", str(content))
    with plugged_in(guest, "support.guest.disk", "disk", "DISK_1", *options, controller=1) as disk:
        told(guest, "until [ -b /dev/sda ]; do sleep 0.1; done")
        facts = told(guest, "cat /sys/block/sda/removable /sys/block/sda/size").split()
        assert facts == ["1", str(8 * MIB // 512)]
        told(guest, "printf flashyard | dd of=/dev/sda conv=fsync status=none")
        assert told(guest, f"head -c 9 {content}") == "flashyard"
        disk.unplug()
        told(guest, "while [ -e /sys/block/sda ]; do sleep 0.1; done")
