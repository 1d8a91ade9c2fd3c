from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.factory.bundle import opened
from flashyard.flash.factory.measure import measure
from flashyard.flash.images.image import digest, inspect
from support.factory_images import images, vendors, written, zipped

FORMS = {
    "zip": zipped,
    "stored": lambda files: zipped(files, zipfile.ZIP_STORED),
    "vendor": vendors,
    "vendor-deflated": lambda files: vendors(files, zipfile.ZIP_DEFLATED),
    "directory": None,
}


def laid(tmp_path: Path, form: str, files: dict[str, bytes]) -> Path:
    make = FORMS[form]
    if make is None:
        return written(tmp_path / "out", files)
    path = tmp_path / "factory.zip"
    path.write_bytes(make(files))
    return path


@pytest.mark.parametrize("form", FORMS)
def test_the_files_are_the_same_wherever_they_lie(form: str, tmp_path: Path) -> None:
    files = images()
    with opened(laid(tmp_path, form, files)) as bundle:
        inside = {name: bundle.members[name] for name in files}
        assert {name: b"".join(each.pieces()) for name, each in inside.items()} == files
        assert {name: each.size for name, each in inside.items()} == {
            name: len(content) for name, content in files.items()
        }
        assert bundle.info is not None
        assert bundle.info.requirements[0].values == ("emulated", "flashyard")


def test_a_file_is_measured_as_if_it_lay_alone(tmp_path: Path) -> None:
    files = images()
    told: list[int] = []
    with opened(laid(tmp_path, "vendor", files)) as bundle:
        for name in ("boot.img", "system.img"):
            alone = tmp_path / name
            alone.write_bytes(files[name])
            measured = measure(bundle.members[name], told.append)
            assert measured == (digest(alone), inspect(alone, unpack=False))
    assert sum(told) == len(files["boot.img"]) + len(files["system.img"])


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"readme.txt": b"hello"}, Code.INVALID_REQUEST),
        ({"a/boot.img": b"1", "b/boot.img": b"2"}, Code.IMAGE_CORRUPT),
        ({f"{each}.img": b"" for each in range(2001)}, Code.INVALID_REQUEST),
        ({"image-1.zip": b"", "image-2.zip": b""}, Code.INVALID_REQUEST),
        ({"image-1.zip": b"no zip"}, Code.IMAGE_CORRUPT),
        ({"boot.img": b"1", "image-1.zip": zipped({"boot.img": b"2"})}, Code.IMAGE_CORRUPT),
        ({"boot.img": b"1", "fastboot-info.txt": bytes(100_000)}, Code.IMAGE_CORRUPT),
        ({"boot.img": b"1", "fastboot-info.txt": b"oem unlock"}, Code.NOT_SUPPORTED),
    ],
)
def test_what_is_no_factory_image_is_refused(
    files: dict[str, bytes], code: Code, tmp_path: Path
) -> None:
    path = tmp_path / "factory.zip"
    path.write_bytes(zipped(files))
    with pytest.raises(FaultError) as refusal, opened(path):
        pass
    assert refusal.value.fault.code is code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, Code.INVALID_REQUEST),
        (b"", Code.INVALID_REQUEST),
        (b"an image", Code.INVALID_REQUEST),
        (b"PK\x03\x04", Code.IMAGE_CORRUPT),
    ],
)
def test_a_file_that_is_no_zip_is_refused(
    content: bytes | None, code: Code, tmp_path: Path
) -> None:
    path = tmp_path / "boot.img"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FaultError) as refusal, opened(path):
        pass
    assert refusal.value.fault.code is code
    hint = refusal.value.fault.hint or ""
    assert ("DEVICES PARTITION IMAGE" in hint) is (code is Code.INVALID_REQUEST)


def test_an_image_that_grows_beyond_its_word_is_refused_when_it_has(tmp_path: Path) -> None:
    bomb = bytearray(zipped({"boot.img": bytes(5_000_000)}))
    entry = bomb.rindex(b"PK\x01\x02")
    bomb[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    path = tmp_path / "factory.zip"
    path.write_bytes(bomb)
    with opened(path) as bundle:
        pieces = bundle.members["boot.img"].pieces()
        with pytest.raises(FaultError) as refusal:
            next(pieces)
    assert refusal.value.fault.code is Code.IMAGE_CORRUPT


def test_names_are_keys_and_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.img"
    secret.write_bytes(b"secret")
    script = b"flash boot ../secret.img\nflash vbmeta /etc/hostname\n"
    folder = written(tmp_path / "out", {"boot.img": b"1", "fastboot-info.txt": script})
    with opened(folder) as bundle:
        assert "../secret.img" not in bundle.members
        assert set(bundle.members) == {"boot.img", "fastboot-info.txt"}
    path = tmp_path / "factory.zip"
    path.write_bytes(zipped({"../../boot.img": b"1"}))
    with opened(path) as bundle:
        assert set(bundle.members) == {"boot.img"}
