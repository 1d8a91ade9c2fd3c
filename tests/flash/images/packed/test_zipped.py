"""A zip of one file is an image; what else a zip may be is refused with a way out."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.images.packed.packing import Packing
from flashyard.flash.images.packed.stream import unpacked
from flashyard.flash.source import MIB
from support.faults import refused
from support.packings import zipped, zipped_files


def read(path: Path, content: bytes, limit: int = 1 << 30) -> bytes:
    path.write_bytes(content)
    with path.open("rb", buffering=0) as file:
        return b"".join(unpacked(file, Packing.ZIP, limit))


@pytest.mark.parametrize("files", [{}, {"a/": b""}, {"a": b"x", "b": b"y"}])
def test_a_zip_that_is_not_of_one_file_is_ambiguous(
    tmp_path: Path, files: dict[str, bytes]
) -> None:
    with refused(Code.INVALID_REQUEST) as refusal:
        read(tmp_path / "zip", zipped_files(files))
    assert "ambiguous" in refusal.fault.sentence
    assert "exactly one" in (refusal.fault.hint or "")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(b"secret" * 100))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    with refused(Code.NOT_SUPPORTED) as refusal:
        read(tmp_path / "zip", bytes(content))
    assert refusal.fault.sentence == "The zip is encrypted."


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_whose_memory_knows_no_bounds_is_refused(tmp_path: Path, method: int) -> None:
    with refused(Code.NOT_SUPPORTED) as refusal:
        read(tmp_path / "zip", zipped(bytes(1000), method))
    assert str(method) in (refusal.fault.details or "")


def test_a_file_larger_than_it_claims_is_damaged(tmp_path: Path) -> None:
    content = bytearray(zipped(bytes(5000)))
    for signature, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + size
        content[at : at + 4] = (100).to_bytes(4, "little")
    with refused(Code.IMAGE_CORRUPT):
        read(tmp_path / "zip", bytes(content))


def test_a_file_smaller_than_it_claims_is_damaged(tmp_path: Path) -> None:
    content = bytearray(zipped(bytes(5000)))
    for signature, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + size
        content[at : at + 4] = (9000).to_bytes(4, "little")
    with refused(Code.IMAGE_CORRUPT):
        read(tmp_path / "zip", bytes(content))


def test_a_claim_over_the_limit_is_believed_at_once(tmp_path: Path) -> None:
    with refused(Code.IMAGE_TOO_LARGE):
        read(tmp_path / "zip", zipped(bytes(5000)), limit=4999)


def test_a_directory_that_would_fill_the_memory_is_not_read(tmp_path: Path) -> None:
    content = bytearray(zipped(b"x" * (3 * MIB), zipfile.ZIP_STORED))
    end = content.rindex(b"PK\x05\x06")
    content[end + 12 : end + 16] = (2 * MIB).to_bytes(4, "little")
    with refused(Code.IMAGE_CORRUPT) as refusal:
        read(tmp_path / "zip", bytes(content))
    assert "directory" in (refusal.fault.details or "")


def test_a_name_that_fills_a_zip_does_not_fill_the_refusal(tmp_path: Path) -> None:
    content = bytearray(zipped(bytes(70_000), zipfile.ZIP_STORED))
    content[26:28] = b"\xff\xff"  # of the first entry: 64 KiB of the file itself are its name
    with refused(Code.IMAGE_CORRUPT) as refusal:
        read(tmp_path / "zip", bytes(content))
    assert len(refusal.fault.details or "") <= 500
