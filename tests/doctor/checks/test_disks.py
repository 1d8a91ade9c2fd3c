from __future__ import annotations

from flashyard.doctor.checks.disks import disks
from flashyard.doctor.finding import Level
from support.paper_host import HostOnPaper, a_user

PORT = "pci-0000:00:14.0-usb-0:2"


def test_where_no_disk_is_plugged_in_nothing_can_be_told(paper: HostOnPaper) -> None:
    [found] = disks(paper.bench())
    assert found.level is Level.UNKNOWN


def test_what_is_no_removable_disk_on_usb_is_no_concern(paper: HostOnPaper) -> None:
    paper.disks.disk("sda", port="pci-0000:00:17.0-ata-1", removable="0")
    paper.disks.disk("sdc", bus="devices/usb1/host2", size=0)
    [found] = disks(paper.bench())
    assert found.level is Level.UNKNOWN


def test_what_may_be_written_is_well(paper: HostOnPaper) -> None:
    paper.disks.disk("sdb")
    [found] = disks(paper.bench(PORT))
    assert found.level is Level.OK
    assert "sdb" in found.sentence


def test_a_disk_in_a_port_without_a_name_is_told_with_the_command_that_names_it(
    paper: HostOnPaper,
) -> None:
    paper.disks.disk("sdb")
    paper.shut["sdb"] = 13
    [found] = disks(paper.ruled())
    assert found.level is Level.WARNING
    assert found.command == f"sudo flashyard doctor --install-udev --usb-port {PORT}"


def test_a_disk_in_a_named_port_that_may_not_be_written_is_a_problem(paper: HostOnPaper) -> None:
    paper.disks.disk("sdb")
    paper.shut["sdb"] = 13
    [found] = disks(paper.bench("*-usb-0:2"))
    assert found.level is Level.PROBLEM
    assert "--install-udev" in str(found.command)
    [found] = disks(paper.ruled("*-usb-0:2"))
    assert found.command == "sudo usermod -aG plugdev ann"


def test_a_member_who_may_not_write_it_has_udev_told_again(paper: HostOnPaper) -> None:
    paper.user = a_user("plugdev")
    paper.disks.disk("sdb")
    paper.shut["sdb"] = 13
    [found] = disks(paper.ruled("*-usb-0:2"))
    assert str(found.command).startswith("sudo udevadm trigger")
