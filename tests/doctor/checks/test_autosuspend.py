from __future__ import annotations

from pathlib import Path

from flashyard.doctor.checks.autosuspend import autosuspend
from flashyard.doctor.finding import Level
from support.paper_host import HostOnPaper


def test_a_host_without_usb_tells_nothing(tmp_path: Path) -> None:
    [found] = autosuspend(HostOnPaper(tmp_path, usb=False).bench())
    assert found.level is Level.UNKNOWN


def test_each_device_that_may_be_put_to_sleep_is_told_with_its_own_command(
    paper: HostOnPaper,
) -> None:
    paper.plug("1-1", control="auto")
    paper.plug("1-2", control="on")
    [found] = autosuspend(paper.ruled())
    assert found.level is Level.WARNING
    assert found.command == "echo on | sudo tee /sys/bus/usb/devices/1-1/power/control"


def test_with_the_rule_the_next_device_stays_awake(paper: HostOnPaper) -> None:
    [found] = autosuspend(paper.ruled())
    assert found.level is Level.OK


def test_without_the_rule_the_next_device_may_be_put_to_sleep(paper: HostOnPaper) -> None:
    [found] = autosuspend(paper.bench())
    assert (found.level, "2 s" in found.sentence) == (Level.WARNING, True)
    paper.plug(control="on")
    [found] = autosuspend(paper.bench())
    assert found.sentence.startswith("Devices are awake")


def test_a_kernel_that_puts_nothing_to_sleep_is_well(paper: HostOnPaper) -> None:
    paper.write("sys/module/usbcore/parameters/autosuspend", "-1\n")
    paper.plug(control="auto")
    [found] = autosuspend(paper.bench())
    assert found.level is Level.OK
