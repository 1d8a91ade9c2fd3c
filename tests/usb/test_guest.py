"""The guest itself: AOSP's own client meets the emulator on a real USB stack."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.guest.guest import MEMORY, Guest
from support.guest.plugged import OUT, SERIAL, Plugged, a_phone

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]  # the first one waits for the boot

CLIENT = f"timeout 60 fastboot -s {SERIAL}"
MIB = 1 << 20


@pytest.fixture
def phone(guest: Guest) -> Iterator[Plugged]:
    with a_phone(guest) as phone:
        yield phone


def test_a_command_tells_its_status_and_all_it_said(guest: Guest) -> None:
    done = guest.run("echo out; echo err >&2; exit 3")
    assert (done.status, done.out) == (3, "out\nerr\n")


def test_a_command_that_does_not_end_is_killed(guest: Guest) -> None:
    endless = guest.start("echo still here; sleep 1000")
    with pytest.raises(TimeoutError, match="still here"):
        endless.wait(within=3.0)
    assert endless.wait(within=20.0).status == 128 + signal.SIGKILL


def test_the_host_reads_what_the_guest_wrote_and_keeps_its_own_files(guest: Guest) -> None:
    guest.told(f"echo hello >{guest.share}/hello; touch /etc/of-the-guest")
    assert guest.share.joinpath("hello").read_text() == "hello\n"
    assert not Path("/etc/of-the-guest").exists()


def test_the_kernel_lists_the_phone_with_its_interface_and_port(
    guest: Guest, phone: Plugged
) -> None:
    where = phone.seen()
    assert guest.told(f"cat {where}/idVendor {where}/idProduct {where}/speed").split() == [
        *("18d1", "4ee0", "5000")
    ]
    facts = guest.told(f"udevadm settle --timeout=20; udevadm info -q property {where}")
    assert "ID_USB_INTERFACES=:ff4203:" in facts
    assert "ID_PATH=platform-dummy_hcd.0-usb-0:1\n" in facts


def test_a_phone_of_usb_2_sits_on_the_other_bus_at_the_same_port(guest: Guest) -> None:
    with a_phone(guest, "--speed", "high-speed") as phone:
        where = phone.seen()
        assert guest.told(f"cat {where}/speed") == "480\n"
        facts = guest.told(f"udevadm settle --timeout=20; udevadm info -q property {where}")
        assert "ID_PATH=platform-dummy_hcd.0-usb-0:1\n" in facts
        assert f"serialno: {SERIAL}" in guest.told(f"{CLIENT} getvar serialno")


def test_the_reference_client_lists_it_and_asks_it(guest: Guest, phone: Plugged) -> None:
    phone.seen()
    assert guest.told("fastboot devices") == f"{SERIAL}\tfastboot\n"
    assert f"serialno: {SERIAL}" in guest.told(f"{CLIENT} getvar serialno")
    assert "max-download-size:0x400000" in guest.told(f"{CLIENT} getvar all")


def test_it_leaves_the_bus_and_comes_back_in_the_other_mode(guest: Guest, phone: Plugged) -> None:
    assert "is-userspace: no" in guest.told(f"{CLIENT} getvar is-userspace")
    guest.told(f"{CLIENT} reboot fastboot")
    assert guest.told(f"cat {phone.seen()}/idProduct") == "4ee7\n"
    assert "is-userspace: yes" in guest.told(f"{CLIENT} getvar is-userspace")
    guest.told(f"{CLIENT} reboot")
    assert "is-userspace: no" in guest.told(f"{CLIENT} getvar is-userspace")
    assert guest.told(f"cat {phone.seen()}/idProduct") == "4ee0\n"


def test_unplugged_in_mid_transfer_the_client_fails_and_plugged_in_again_it_succeeds(
    guest: Guest,
) -> None:
    image = MEMORY / "noise"
    guest.told(f"head -c {24 * MIB} /dev/urandom >{image}")
    with a_phone(guest, "--link-speed", "4") as phone:
        flashing = guest.start(f"{CLIENT} flash system {image}")
        flashing.wait_for("Sending sparse 'system' 2/", 60.0)
        phone.unplug()
        assert flashing.wait(60.0).status != 0
        assert not guest.told("fastboot devices")
        phone.plug_in()
        guest.told(f"{CLIENT} flash system {image} && cmp {image} {OUT}/system.img")
