from __future__ import annotations

import os
from pathlib import Path

import pytest

from flashyard.doctor.checks.storage import storage
from flashyard.doctor.finding import Finding, Level
from flashyard.settings import HubSettings


def found(directory: Path, cache_size: int = 1 << 20) -> Finding:
    settings = HubSettings(broker="mqtt://h", data_dir=directory, cache_size=cache_size)
    return storage(settings)


def test_a_directory_that_is_yet_to_be_made_is_well_and_not_made(tmp_path: Path) -> None:
    assert found(tmp_path / "new").level is Level.OK
    assert not (tmp_path / "new").exists()


def test_a_directory_that_can_be_written_is_well_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "hub/images").mkdir(parents=True)
    (tmp_path / "hub/images/one").write_bytes(b"image")
    assert found(tmp_path).level is Level.OK
    assert [path.name for path in (tmp_path / "hub").iterdir()] == ["images"]


def test_a_cache_larger_than_the_disk_is_told_with_one_that_fits(tmp_path: Path) -> None:
    told = found(tmp_path, 900 << 40)
    assert told.level is Level.WARNING
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize >> 30
    command = str(told.command)
    assert command.startswith("flashyard hub --cache-size ")
    assert 0 < int(command.rpartition(" ")[2].removesuffix("G")) <= free + 1


def test_a_file_where_the_directory_should_be_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "hub").write_text("in the way")
    told = found(tmp_path)
    assert told.level is Level.PROBLEM
    assert "cannot be written" in told.sentence


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_another_s_directory_is_a_problem(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert found(tmp_path).level is Level.PROBLEM


def test_a_file_system_without_room_is_a_problem() -> None:
    assert found(Path("/proc/flashyard")).level is Level.PROBLEM
