"""The hub on a real USB stack, as its user lives it: plugged in, flashed, pulled out, flashed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.guest.guest import Guest
from support.guest.plugged import OUT, SERIAL, Plugged, a_phone
from support.guest.yard import Yard, ended

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]  # the first one waits for the boot

STATION = "platform-dummy_hcd.0-usb-0:1"
LINK_SPEED = ("--link-speed", "2")  # MiB/s: there is time to pull the plug
UNPLUGGED_IS_TOLD_WITHIN = 5000  # ms
EXIT_ERROR = 1


@pytest.fixture(scope="module")
def phone(guest: Guest, yard: Yard) -> Iterator[Plugged]:
    """A phone that is plugged in when the hub is already running."""
    assert yard.told("ls") == []
    with a_phone(guest, *LINK_SPEED) as phone:
        yield phone


@pytest.fixture
def was_empty(guest: Guest) -> Path:
    """The phone's partition, with nothing in it yet."""
    partition = OUT / "system.img"
    guest.told(f"rm -f {partition}")
    return partition


def digests(guest: Guest, *files: Path) -> list[str]:
    lines = guest.told(f"sha256sum {' '.join(map(str, files))}").splitlines()
    return [line.split()[0] for line in lines]


def test_a_phone_that_is_plugged_in_is_listed_by_its_port(yard: Yard, phone: Plugged) -> None:
    phone.seen()
    device = yard.device("fastboot")
    assert (device["deviceId"], device["serial"], device["transport"]) == (SERIAL, SERIAL, "usb")
    assert device["port"] == STATION


@pytest.mark.usefixtures("phone")
def test_a_file_system_over_the_phone_s_limit_arrives(
    guest: Guest, yard: Yard, file_system: Path, was_empty: Path
) -> None:
    *_, last = yard.told("flash", SERIAL, "system", file_system, "--yes")
    job = last["job"]
    assert (job["status"], job["verification"]) == ("completed", "transport")
    assert job["bytesTransferred"] == job["totalBytes"] == job["image"]["size"]
    source, written = digests(guest, file_system, was_empty)
    assert source == written == job["image"]["sha256"]


@pytest.mark.usefixtures("phone")
def test_the_reference_client_leaves_the_same_on_the_same_phone(
    guest: Guest, file_system: Path, was_empty: Path
) -> None:
    said = guest.told(f"timeout 60 fastboot -s {SERIAL} flash system {file_system}")
    assert "Sending sparse 'system' 3/3" in said
    source, written = digests(guest, file_system, was_empty)
    assert source == written


def test_a_plug_pulled_in_mid_transfer_fails_the_job_and_its_retry_completes(
    guest: Guest, yard: Yard, phone: Plugged, file_system: Path, was_empty: Path
) -> None:
    flashing = yard.type("flash", SERIAL, "system", file_system, "--yes", "--json")
    flashing.wait_for('"phase":"writing"', 60.0)
    pulled = phone.unplug()
    *_, last = ended(flashing, EXIT_ERROR)
    job = last["job"]
    assert (job["status"], job["code"]) == ("failed", "usb_unplugged")
    assert job["bytesTransferred"] < job["totalBytes"]
    assert job["finishedAt"] - pulled <= UNPLUGGED_IS_TOLD_WITHIN

    phone.plug_in()
    yard.device("fastboot")
    [retried] = yard.told("retry", job["jobId"])
    *_, last = yard.told("watch", retried["jobId"])
    assert (last["job"]["status"], last["job"]["retryOf"]) == ("completed", job["jobId"])
    source, written = digests(guest, file_system, was_empty)
    assert source == written


def test_a_phone_that_comes_back_as_another_product_is_the_same_device(
    guest: Guest, yard: Yard, phone: Plugged
) -> None:
    before = yard.device("fastboot")
    guest.told(f"timeout 60 fastboot -s {SERIAL} reboot fastboot")
    after = yard.device("fastbootd")
    assert guest.told(f"cat {phone.seen()}/idProduct") == "4ee7\n"
    assert (after["deviceId"], after["port"]) == (before["deviceId"], STATION)
    guest.told(f"timeout 60 fastboot -s {SERIAL} reboot")
    assert yard.device("fastboot")["deviceId"] == SERIAL


def test_a_phone_that_tells_no_serial_on_usb_is_the_same_device_by_its_port(
    guest: Guest, yard: Yard, phone: Plugged
) -> None:
    phone.unplug()
    with a_phone(guest, "--nameless", serial="USB_2", controller=1) as nameless:
        assert guest.run(f"cat {nameless.seen()}/serial").status != 0
        before = yard.device("fastboot")
        assert before["port"] == STATION.replace("hcd.0", "hcd.1")
        guest.told("timeout 60 fastboot reboot fastboot")
        after = yard.device("fastbootd")
        assert guest.told(f"cat {nameless.seen()}/idProduct") == "4ee7\n"
        assert (after["deviceId"], after["port"]) == (before["deviceId"], before["port"])
