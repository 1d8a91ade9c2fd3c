from __future__ import annotations

import getpass
import os
from pathlib import Path

from flashyard.doctor.host import Host, User, may_write
from support.paper_host import HostOnPaper


def test_this_user_is_who_runs_this() -> None:
    user = User.running_this()
    assert user.name == getpass.getuser()
    assert user.is_root == (os.geteuid() == 0)
    assert user.groups <= Host().groups


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    host = HostOnPaper(tmp_path).host
    assert host.word("sys/nothing") is None
    assert host.word("sys/module/usbcore/parameters/usbfs_memory_mb") == "16"


def test_programs_are_known_by_their_names_and_one_that_ends_is_left_out(tmp_path: Path) -> None:
    paper = HostOnPaper(tmp_path)
    paper.run("fwupd", "bash")
    (tmp_path / "proc/999/comm").mkdir(parents=True)
    assert paper.host.programs() == {"fwupd", "bash"}


def test_the_real_host_sees_at_least_this_program() -> None:
    own = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    assert own in Host().programs()


def test_a_node_may_be_written_or_not(tmp_path: Path) -> None:
    (tmp_path / "node").write_bytes(b"")
    assert may_write(tmp_path / "node")
    assert not may_write(tmp_path / "none")
