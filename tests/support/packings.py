"""Files compressed in every way the tools do it: whole, in members, with padding between them."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import zipfile
from collections.abc import Callable
from random import Random

from backports import zstd
from hypothesis import strategies as st
from typing_extensions import Buffer

from flashyard.flash.images.packed.packing import Packing

SKIPPABLE = struct.pack("<II", 0x184D2A5A, 5) + b"notes"


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, 1)


def xzed(content: bytes) -> bytes:
    return lzma.compress(content, lzma.FORMAT_XZ, preset=0)


def zstded(content: bytes) -> bytes:
    options: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}
    return zstd.compress(content, options=options)


def zstded_without_checksum(content: bytes) -> bytes:
    return zstd.compress(content, 1)


def zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED, name: str = "system.img") -> bytes:
    return zipped_files({name: content}, method)


def stored(content: bytes) -> bytes:
    return zipped(content, zipfile.ZIP_STORED)


def streamed(content: bytes) -> bytes:
    """A zip whose sizes stand behind the data, and of the large form: as written to a pipe."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Buffer, /) -> int:
            self.written += data
            return len(memoryview(data))

    pipe = Pipe()
    with (
        zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("images/system.img", "w", force_zip64=True) as file,
    ):
        file.write(content)
    return bytes(pipe.written)


def zipped_files(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def beside_a_folder(content: bytes) -> bytes:
    return zipped_files({"images/": b"", "images/system.img": content})


WAYS: dict[Packing, tuple[Callable[[bytes], bytes], ...]] = {
    Packing.GZIP: (gzipped,),
    Packing.XZ: (xzed,),
    Packing.ZSTD: (zstded, zstded_without_checksum),
    Packing.ZIP: (zipped, stored, streamed, beside_a_folder),
}
ONE_OF_EACH = [ways[0] for ways in WAYS.values()]


@st.composite
def wrapped(draw: st.DrawFn, content: bytes, packing: Packing) -> bytes:
    """The content compressed, perhaps in several members with padding between and behind them."""
    way = draw(st.sampled_from(WAYS[packing]))
    if packing is Packing.ZIP:
        return way(content)
    cuts = sorted(draw(st.lists(st.integers(0, len(content)), max_size=3)))
    out = bytearray(SKIPPABLE if packing is Packing.ZSTD and draw(st.booleans()) else b"")
    for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        out += way(content[start:end])
        out += bytes(draw(st.sampled_from([0, 0, 0, 4, 512])))
    return bytes(out)


def damaged(noise: Random, packed: bytes) -> bytes:
    """Bytes changed, cut out, doubled or cut off; mostly where headers and footers are."""
    out = bytearray(packed)
    for _ in range(noise.choice([1, 1, 1, 2, 3, 8])):
        if not out:
            break
        edge = noise.choice([20, 80, len(out)])
        at = noise.randrange(min(edge, len(out)))
        at = noise.choice([at, len(out) - 1 - at])
        match noise.randrange(8):
            case 0 | 1 | 2:
                out[at] = noise.randrange(256)
            case 3:
                out[at] ^= 1 << noise.randrange(8)
            case 4:
                del out[at : at + noise.choice([1, 2, 4, 100])]
            case 5:
                out[at:at] = noise.randbytes(noise.choice([1, 4, 30]))
            case 6:
                out[at : at + 4] = noise.choice([b"\xff" * 4, bytes(4), b"\x00\x00\x00\x80"])
            case _:
                del out[at:]
    return bytes(out)
