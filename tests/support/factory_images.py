"""Factory images as vendors make them: small files, real zips."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from random import Random

from support.sparse_images import DONT_CARE, FILL, RAW, Piece, build

ANDROID_INFO = b"""\
require board=emulated|flashyard
require version-bootloader=*
"""
FASTBOOT_INFO = b"""\
# fastboot-info for a phone
version 1
flash boot
flash --apply-vbmeta vbmeta
reboot fastboot
update-super
flash system
flash --slot-other system system_other.img
if-wipe erase userdata
if-wipe erase metadata
"""


def noise(size: int, seed: str) -> bytes:
    return Random(seed).randbytes(size)


def sparse(seed: str, blocks: int = 3) -> bytes:
    data = noise(blocks * 4096, seed)
    return build(
        4096, [Piece(RAW, blocks, data), Piece(FILL, 2, b"abcd"), Piece(DONT_CARE, 4, b"")]
    )


def images() -> dict[str, bytes]:
    """Files that AOSP's client writes without being told how."""
    return {
        "android-info.txt": b"require board=emulated|flashyard\n",
        "boot.img": noise(9000, "boot"),
        "dtbo.img": noise(5000, "dtbo"),
        "system.img": sparse("system"),
        "vbmeta.img": noise(4096, "vbmeta"),
        "vendor.img": sparse("vendor", 5),
    }


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def vendors(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """The zip around the zip, as it is offered for download."""
    folder = "phone-tq1a.2301/"
    return zipped(
        {
            folder: b"",
            f"{folder}bootloader-phone-1.2.img": noise(3000, "bootloader"),
            f"{folder}radio-phone-g5300.img": noise(2000, "radio"),
            f"{folder}image-phone-tq1a.2301.zip": zipped(files),
            f"{folder}flash-all.sh": b"#!/bin/sh\nexit 1\n",
            f"{folder}flash-all.bat": b"exit 1\n",
        },
        method,
    )


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A directory of these files."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
