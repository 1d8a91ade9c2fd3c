"""What the kernel tells of a process: how much it held at most, how much it read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

Pid = int | Literal["self"]


def most_held(pid: Pid) -> int:
    """Tell the most memory it ever held at once, in bytes (proc_pid_status(5), VmHWM)."""
    return _figure(pid, "status", "VmHWM") * 1024


def read_from_disk(pid: Pid) -> int:
    """Tell the bytes it had fetched from a disk so far (proc_pid_io(5))."""
    return _figure(pid, "io", "read_bytes")


def forget(file: Path) -> None:
    """Have the kernel drop what it holds of a file, once that is on the disk."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _figure(pid: Pid, file: str, name: str) -> int:
    text = Path(f"/proc/{pid}/{file}").read_text(encoding="ascii")
    return int(text.partition(f"\n{name}:")[2].split()[0])
