from __future__ import annotations

import errno
from pathlib import Path

import pytest

from flashyard.doctor.checks.device_access import device_access
from flashyard.doctor.finding import Level
from flashyard.doctor.host import opening
from support.fake_sysfs import ADB
from support.paper_host import STATION, HostOnPaper, a_user


def test_a_host_without_usb_is_not_called_well(tmp_path: Path) -> None:
    [found] = device_access(HostOnPaper(tmp_path, usb=False).bench())
    assert found.level is Level.UNKNOWN


def test_where_nothing_is_plugged_in_nothing_can_be_told(paper: HostOnPaper) -> None:
    assert paper.sysfs is not None
    paper.sysfs.plug("1-2", ADB)
    [found] = device_access(paper.bench())
    assert found.level is Level.UNKNOWN


def test_what_can_be_opened_is_well(paper: HostOnPaper) -> None:
    paper.plug("1-1")
    paper.plug("1-2")
    [found] = device_access(paper.bench())
    assert (found.level, "all 2 devices" in found.sentence) == (Level.OK, True)


def test_each_that_cannot_be_opened_is_told_by_serial_and_port(paper: HostOnPaper) -> None:
    for port in ("1-1", "1-2", "1-3"):
        node = paper.plug(port, serial=f"PHONE_{port}")
        if port != "1-2":
            paper.shut[node] = errno.EACCES
    paper.run_udev()
    found = device_access(paper.bench())
    assert [each.level for each in found] == [Level.PROBLEM] * 2
    assert f"PHONE_1-1 at {STATION.format(1)}" in found[0].sentence
    assert f"PHONE_1-3 at {STATION.format(3)}" in found[1].sentence
    assert found[0].command == "sudo flashyard doctor --install-udev"


def test_with_the_rule_there_the_group_or_a_new_trigger_mends_it(paper: HostOnPaper) -> None:
    paper.shut[paper.plug()] = errno.EACCES
    [found] = device_access(paper.ruled())
    assert found.command == "sudo usermod -aG plugdev ann"
    paper.user = a_user("plugdev")
    [found] = device_access(paper.ruled())
    assert str(found.command).startswith("sudo udevadm trigger")


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOENT, "--volume /dev/bus/usb"), (errno.EPERM, "c 189:* rmw")]
)
def test_a_container_that_was_not_given_the_devices_is_told_how_to_be(
    paper: HostOnPaper, number: int, words: str
) -> None:
    paper.shut[paper.plug()] = number
    [found] = device_access(paper.bench())
    assert found.level is Level.PROBLEM
    assert words in str(found.command)


def test_what_leaves_meanwhile_is_nobodys_fault(paper: HostOnPaper) -> None:
    paper.shut[paper.plug()] = errno.ENODEV
    [found] = device_access(paper.bench())
    assert found.level is Level.UNKNOWN


def test_ports_that_are_not_ours_are_not_opened(paper: HostOnPaper) -> None:
    paper.shut[paper.plug("1-1")] = errno.EACCES
    [found] = device_access(paper.bench("*-usb-0:2"))
    assert found.level is Level.UNKNOWN


def test_a_node_is_opened_for_real_and_let_go_of(tmp_path: Path) -> None:
    node = tmp_path / "001"
    missing = opening(node)
    assert missing is not None
    assert missing.errno == errno.ENOENT
    node.write_bytes(b"")
    assert opening(node) is None
