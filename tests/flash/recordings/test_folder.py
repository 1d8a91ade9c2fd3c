from __future__ import annotations

import logging
from pathlib import Path
from threading import Thread

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.images.generated import Generated
from flashyard.flash.recordings.folder import Folder, recorded, recording
from flashyard.flash.recordings.transcript import Act, Transcript
from flashyard.flash.running.recipe import Recipe, Step
from support.emulated import SERIAL, emulated
from support.faults import refused
from support.odd_device import OddDevice

RECIPE = Recipe(steps=(Step("system", Generated("seed", 100_000)),))


def made(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def reboot(folder: Folder, place: str = "usb:1-1") -> None:
    with folder.wrap(OddDevice(), place, "usb", Limits(), None) as transport:
        transport.send(b"reboot", 1)
        transport.receive(1)


def test_what_is_opened_inside_is_recorded_without_the_serial(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    with emulated(tmp_path) as device, recording(folder):
        device.flash(RECIPE)
    (name,) = made(folder)
    assert name.startswith("job-2")
    assert name.endswith(f"-0001-tcp-127.0.0.1-{device.address.port}.jsonl")
    content = (folder / name).read_text()
    assert SERIAL not in content
    assert '"OKAY' + "x" * len(SERIAL) + '"' in content
    transcript = Transcript.read(folder / name)
    assert (transcript.transport, transcript.product) == ("tcp", "flashyard")
    assert transcript.limits["getvar"] == Limits().getvar
    pushed = [call.size for call in transcript.calls if call.act is Act.PUSH]
    assert sum(pushed) == 100_000


def test_nothing_is_recorded_unless_asked_for() -> None:
    device = OddDevice()
    assert recorded(device, "usb:1-1", "usb", Limits()) is device
    with recording(None):
        assert recorded(device, "usb:1-1", "usb", Limits()) is device


def test_threads_begun_elsewhere_are_not_recorded(tmp_path: Path) -> None:
    device = OddDevice()
    got: list[object] = []
    with recording(tmp_path):
        thread = Thread(target=lambda: got.append(recorded(device, "", "usb", Limits())))
        thread.start()
        thread.join()
    assert got == [device]


def test_of_looks_the_longest_is_kept_and_of_broken_ones_the_last(tmp_path: Path) -> None:
    with emulated(tmp_path) as device, recording(tmp_path / "looks"):
        for whole in (False, True, False):
            with device.connect(lambda _line: None) as target:
                target.serial()
                if whole:
                    target.describe()
    (name,) = made(tmp_path / "looks")
    assert name.startswith("look-tcp-127.0.0.1-")
    assert len(Transcript.read(tmp_path / "looks" / name).calls) > 20
    with (
        emulated(tmp_path, "tcp", None, "getvar=cut@0") as device,
        recording(tmp_path / "broken"),
        refused(Code.LINK_LOST),
        device.connect(lambda _line: None) as target,
    ):
        target.describe()
    (name,) = made(tmp_path / "broken")
    assert name.endswith("-broken.jsonl")


def test_the_oldest_go_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text("mine")
    folder = Folder(tmp_path, most=3)
    for number in range(6):
        reboot(folder, f"usb {number} /../ \N{SNOWMAN}")
    *jobs, notes = made(tmp_path)
    assert notes == "notes.jsonl"
    assert [name.split("-", 2)[2] for name in jobs] == [
        f"000{number + 1}-usb-{number}-..-.jsonl" for number in (3, 4, 5)
    ]


def test_where_nothing_can_be_kept_nothing_is_begun(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with refused(Code.INVALID_REQUEST) as refusal, recording(tmp_path / "file"):
        raise AssertionError("it was begun")
    assert "--record" in (refusal.fault.hint or "")


def test_a_disk_that_fails_does_not_fail_the_job(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        reboot(Folder(tmp_path / "file"))
    assert "a recording could not be kept" in caplog.text
