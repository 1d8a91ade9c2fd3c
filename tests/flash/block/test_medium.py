from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.block.medium import DiskMedium
from support.faults import refused

PAGE = 4096


def page(byte: int) -> memoryview:
    memory = mmap.mmap(-1, PAGE)
    memory.write(bytes([byte]) * PAGE)
    return memoryview(memory)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "disk"
    file.write_bytes(bytes(4 * PAGE + 100))
    return file


def test_what_is_written_is_read_and_an_odd_end_is_left_alone(path: Path) -> None:
    medium = DiskMedium.open(path)
    try:
        assert medium.size == 4 * PAGE
        medium.write(PAGE, page(7))
        medium.sync()
        found = page(0)
        medium.read(PAGE, found)
        assert found == page(7)
    finally:
        medium.close()
    assert path.read_bytes() == bytes(PAGE) + b"\7" * PAGE + bytes(2 * PAGE + 100)


def test_a_filesystem_without_direct_transfers_will_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def no_direct(name: Path, flags: int) -> int:
        if flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, "no")
        return real(name, flags)

    monkeypatch.setattr(os, "open", no_direct)
    medium = DiskMedium.open(path)
    medium.write(0, page(9))
    medium.sync()
    found = page(0)
    medium.read(0, found)
    medium.close()
    assert found == page(9)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EBUSY, Code.DISK_IN_USE),
        (errno.EROFS, Code.DISK_READ_ONLY),
        (errno.EACCES, Code.NOT_ALLOWED),
        (errno.ENOMEDIUM, Code.USB_UNPLUGGED),
        (errno.ENOENT, Code.USB_UNPLUGGED),
        (errno.EIO, Code.DEVICE_REFUSED),
    ],
)
def test_a_disk_that_cannot_be_opened_says_why(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: Code
) -> None:
    monkeypatch.setattr(os, "open", failing(number))
    with refused(code) as refusal:
        DiskMedium.open(path)
    assert refusal.fault.hint


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EIO, Code.DEVICE_REFUSED),
        (errno.ENODEV, Code.USB_UNPLUGGED),
        (errno.ENOSPC, Code.IMAGE_TOO_LARGE),
    ],
)
def test_a_write_that_fails_says_why(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: Code
) -> None:
    medium = DiskMedium.open(path)
    monkeypatch.setattr(os, "pwritev", failing(number))
    with refused(code):
        medium.write(0, page(1))
    medium.close()


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_has_lost_its_size_was_unplugged(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    medium = DiskMedium.open(path)
    os.truncate(path, 0)
    monkeypatch.setattr(os, "pwritev", failing(number))
    with refused(Code.USB_UNPLUGGED):
        medium.write(0, page(1))
    with refused(Code.USB_UNPLUGGED):
        medium.read(0, page(1))
    medium.close()
    medium.close()


def failing(number: int) -> Callable[..., int]:
    def fail(*_args: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail
