"""The udev rule where it belongs: a kernel with USB, a udev that runs, a user who is not root."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flashyard.doctor.rule import FILE
from support.guest.guest import MEMORY, Guest
from support.guest.plugged import Plugged, plugged_in

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

SERIAL = "USB_DOCTOR"
GROUP = "games"
PLACE = Path("/etc/udev/rules.d") / FILE
DOCTOR = f"{sys.executable} -m flashyard doctor --data-dir {MEMORY}/doctor"
# Somebody in the group, who may also read this checkout, wherever it is; writing is another matter.
SOMEBODY = (
    f"setpriv --reuid=65534 --regid=65534 --groups=$(getent group {GROUP} | cut -d: -f3) "
    "--inh-caps=+dac_read_search --ambient-caps=+dac_read_search"
)


@pytest.fixture
def phone(guest: Guest) -> Iterator[Plugged]:
    options = ("--serial", SERIAL, "--out", str(MEMORY / "out"))
    with plugged_in(guest, "support.guest.phone", "phone", SERIAL, *options) as phone:
        yield phone


def told(guest: Guest, line: str) -> str:
    done = guest.run(line, within=120.0)
    assert done.status == 0, done.out
    return done.out


def test_the_rule_is_written_heeded_at_once_and_lets_an_ordinary_user_in(
    guest: Guest, phone: Plugged
) -> None:
    told(guest, "rm -f /.dockerenv /run/.containerenv")  # of the host of this machine
    where = phone.seen()
    told(guest, f"echo auto >{where}/power/control; udevadm settle --timeout=20")
    node = "/dev/" + told(guest, f"sed -n s/^DEVNAME=//p {where}/uevent").strip()
    assert guest.run(f"{SOMEBODY} test -w {node}").status != 0

    said = told(guest, f"{DOCTOR} --install-udev --udev-group {GROUP}")
    assert str(PLACE) in said
    assert "written" in said
    told(guest, "udevadm settle --timeout=20")
    assert told(guest, f"stat -c '%G %a' {node}").split() == [GROUP, "660"]
    assert told(guest, f"cat {where}/power/control") == "on\n"
    facts = told(guest, f"udevadm info -q property {where}")
    assert "ID_MM_DEVICE_IGNORE=1" in facts
    assert ":uaccess:" in facts

    said = told(guest, f"{SOMEBODY} {sys.executable} -m support.guest.patient_doctor")
    found = json.loads(said.splitlines()[-1])  # there is no broker here, which is logged before
    for check in ("udev rule", "group", "device access", "libusb", "usbfs memory", "autosuspend"):
        assert found[check][0] == "ok", (check, found[check])
    told(guest, f"rm {PLACE}; udevadm control --reload")
