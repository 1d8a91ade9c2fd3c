from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.doctor.checks.transfer_memory import transfer_memory
from flashyard.doctor.finding import Level
from flashyard.flash.usb.budget import FAIR
from support.paper_host import HostOnPaper

PARAMETER = "sys/module/usbcore/parameters/usbfs_memory_mb"


def test_a_host_without_usb_tells_nothing(tmp_path: Path) -> None:
    assert transfer_memory(HostOnPaper(tmp_path, usb=False).bench(), 16).level is Level.UNKNOWN


@pytest.mark.parametrize(
    ("told", "at_once", "level", "words"),
    [
        ("0", 1000, Level.OK, "no limit"),
        ("16", 1, Level.OK, "12 devices at once"),
        ("16", 16, Level.OK, "768 KiB each"),
        ("16", 48, Level.OK, "256 KiB each"),
        ("16", 49, Level.WARNING, "some wait"),
        ("1000", 24, Level.OK, "750 devices at once"),
    ],
)
def test_it_says_what_the_memory_means_for_so_many_devices(
    paper: HostOnPaper, told: str, at_once: int, level: Level, words: str
) -> None:
    paper.write(PARAMETER, f"{told}\n")
    found = transfer_memory(paper.bench(), at_once)
    assert found.level is level
    assert words in found.sentence


@pytest.mark.parametrize("at_once", [49, 100, 1000])
def test_what_the_command_gives_is_enough(paper: HostOnPaper, at_once: int) -> None:
    command = str(transfer_memory(paper.bench(), at_once).command)
    megabytes = int(command.split()[1])
    assert command == f"echo {megabytes} | sudo tee /{PARAMETER}"
    assert megabytes << 20 > FAIR * at_once
    paper.write(PARAMETER, f"{megabytes}\n")
    assert transfer_memory(paper.bench(), at_once).level is Level.OK
