"""What an image holds for a DFU device: which of its bytes go where, and whom they are for.

It reads the image once, from end to end, and keeps none of it.
"""

from __future__ import annotations

from typing import NamedTuple

from flashyard.contract.faults import Code, refuse
from flashyard.flash.dfu import dfuse_file
from flashyard.flash.dfu.suffix import DFUSE, Checksum, Suffix
from flashyard.flash.source import MAX_DOWNLOAD, MIB, Kind, Source

# A DfuSe file is held in memory while its headers are read; memories behind it have a few MiB.
_LARGEST_DFUSE = 64 * MIB


class Firmware(NamedTuple):
    """``length``: bytes of the image before its suffix.

    ``memories``: of a DfuSe file; None where the image is the firmware itself.
    """

    length: int
    suffix: Suffix | None
    memories: tuple[dfuse_file.Memory, ...] | None


def examine(source: Source) -> Firmware:
    """Look at an image.

    Raises:
        FaultError: `image_corrupt`, `not_supported` for an Android sparse image,
            `image_too_large` for a DfuSe file over 64 MiB, and what the source raises.
    """
    if source.kind is not Kind.RAW or source.size > MAX_DOWNLOAD:
        raise refuse(
            Code.NOT_SUPPORTED,
            "DFU takes firmware as it is, or a .dfu file.",
            hint="Convert the image with simg2img first.",
        )
    checksum = Checksum()
    held = bytearray()
    for part in source.parts(MAX_DOWNLOAD, part_size=MAX_DOWNLOAD):
        for buffer, _ in part.buffers():
            if held or (checksum.size == 0 and _may_be_dfuse(buffer)):
                held += buffer
            checksum.feed(buffer)
            if len(held) > _LARGEST_DFUSE:
                raise refuse(Code.IMAGE_TOO_LARGE, "A DfuSe file of over 64 MiB is not read.")
    suffix = checksum.suffix()
    length = checksum.size - (suffix.length if suffix else 0)
    is_dfuse = suffix is not None and suffix.version == DFUSE
    if is_dfuse or held:
        # A DfuSe file without its suffix was cut off: it is not flashed as if it were firmware.
        if suffix is None:
            raise refuse(Code.IMAGE_CORRUPT, "The DfuSe file has no suffix: it was cut off.")
        return Firmware(length, suffix, dfuse_file.parse(memoryview(held)[:length]))
    return Firmware(length, suffix, None)


def _may_be_dfuse(beginning: bytes | memoryview) -> bool:
    return bytes(beginning[: len(dfuse_file.MAGIC)]) == dfuse_file.MAGIC
