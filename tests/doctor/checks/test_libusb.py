from __future__ import annotations

from pathlib import Path

from flashyard.contract.faults import Code, refuse
from flashyard.doctor.checks.libusb import libusb
from flashyard.doctor.finding import Level
from support.paper_host import HostOnPaper


def missing() -> object:
    raise refuse(Code.NOT_SUPPORTED)


def test_one_that_loads_is_well(paper: HostOnPaper) -> None:
    assert libusb(paper.bench(), object).level is Level.OK


def test_a_host_with_usb_and_none_is_told_what_to_install(paper: HostOnPaper) -> None:
    found = libusb(paper.bench(), missing)
    assert found.level is Level.PROBLEM
    assert found.command == "sudo apt install libusb-1.0-0"


def test_without_usb_it_is_not_known_whether_there_is_one(tmp_path: Path) -> None:
    found = libusb(HostOnPaper(tmp_path, usb=False).bench(), missing)
    assert found.level is Level.UNKNOWN
