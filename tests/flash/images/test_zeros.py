from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.images.zeros import Zeros
from flashyard.flash.source import MIB
from support.faults import refused

BLOCK = 4096
STEP = MIB // BLOCK


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """One MiB of data, one of zeros, a block of each, and an empty one that is cut off."""
    path = tmp_path / "image"
    path.write_bytes(b"\1" * MIB + bytes(MIB) + b"\0" * (BLOCK - 1) + b"\1" + bytes(BLOCK + 100))
    return path


def test_every_block_is_told_to_be_empty_or_not(path: Path) -> None:
    with path.open("rb") as file:
        zeros = Zeros(file.fileno(), path.stat().st_size, BLOCK)
        steps = [zeros.step(number) for number in range(len(zeros))]
    assert steps == [bytes(STEP), b"\1" * STEP, b"\0\1\1"]


def test_whoever_asks_each_step_is_read_once_and_not_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    preadv = os.preadv

    def counted(fd: int, buffers: Sequence[memoryview], offset: int) -> int:
        read.append(offset)
        return preadv(fd, buffers, offset)

    monkeypatch.setattr(os, "preadv", counted)
    with path.open("rb") as file, ThreadPoolExecutor(8) as pool:
        zeros = Zeros(file.fileno(), path.stat().st_size, BLOCK)
        assert read == []
        assert len(set(pool.map(zeros.step, [1] * 32))) == 1
        assert read == [MIB]


def test_a_file_that_became_shorter_is_refused_each_time(path: Path) -> None:
    with path.open("rb") as file:
        zeros = Zeros(file.fileno(), 3 * MIB, BLOCK)
        for _ in range(2):
            with refused(Code.IMAGE_CORRUPT):
                zeros.step(2)
