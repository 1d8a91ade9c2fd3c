from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.dfu import firmware as module
from flashyard.flash.dfu.firmware import Firmware, examine
from flashyard.flash.dfu.suffix import Suffix, make
from flashyard.flash.images.image import Image
from support.dfuse_device import START, prefixed
from support.faults import refused

PLAIN = Suffix(0xFFFF, 1, 2, 0x0100)
DFUSE = PLAIN._replace(version=0x011A)
BODY = prefixed([(0, [(START, b"abc")])])


def of(folder: Path, content: bytes) -> Firmware:
    path = folder / "image"
    path.write_bytes(content)
    with Image(path) as source:
        return examine(source)


def test_firmware_as_it_is_has_neither_suffix_nor_addresses(tmp_path: Path) -> None:
    assert of(tmp_path, b"\x01" * 3_000_000) == Firmware(3_000_000, None, None)


def test_a_suffix_is_not_part_of_the_firmware(tmp_path: Path) -> None:
    large = b"\x01DfuSe" * 500_000
    assert of(tmp_path, large + make(large, PLAIN)) == Firmware(3_000_000, PLAIN, None)


def test_a_dfuse_file_brings_its_addresses(tmp_path: Path) -> None:
    found = of(tmp_path, BODY + make(BODY, DFUSE))
    assert found.memories is not None
    ((address, offset, size),) = found.memories[0].elements
    assert (address, BODY[offset : offset + size]) == (START, b"abc")


@pytest.mark.parametrize("content", [BODY, BODY + make(BODY, DFUSE)[:-1]])
def test_a_dfuse_file_that_was_cut_off_is_not_taken_for_firmware(
    tmp_path: Path, content: bytes
) -> None:
    with refused(Code.IMAGE_CORRUPT):
        of(tmp_path, content)


def test_a_huge_dfuse_file_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGEST_DFUSE", 300)
    with refused(Code.IMAGE_TOO_LARGE):
        of(tmp_path, BODY + make(BODY, DFUSE))
