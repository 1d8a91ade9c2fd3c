"""The parsers of what comes from outside, each with sound inputs and what may be said of others."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from random import Random

from flashyard.contract.faults import Code
from flashyard.flash.block.mounts import parse as read_mounts
from flashyard.flash.dfu import dfuse_file, memory, suffix
from flashyard.flash.dfu.functional import Functional
from flashyard.flash.images.bmap import parse as read_bmap
from flashyard.flash.images.facts import ImageFacts
from flashyard.flash.images.image import Image, inspect
from flashyard.flash.images.packed.expansion import expand
from flashyard.flash.images.packed.packing import Packing
from flashyard.flash.recordings.transcript import RecordingError, Transcript
from flashyard.flash.source import MIB
from support.block_maps import block_map, seal
from support.damaged_wires import DATAGRAMS, STREAM_FIELDS, STREAMS, datagrams, stream
from support.dfuse_device import prefixed
from support.fastboot_answers import ANSWERS, answered
from support.packings import WAYS
from support.siege import Subject
from support.sparse_images import DONT_CARE, FILL, RAW, Piece, build

ACCEPTED = "accepted"
_IMAGES = frozenset(
    {Code.IMAGE_CORRUPT, Code.IMAGE_TOO_LARGE, Code.NOT_SUPPORTED, Code.INVALID_REQUEST}
)
_NOISE = Random(3).randbytes(9000)
_SPARSE = [
    build(512, [Piece(RAW, 1, _NOISE[:512]), Piece(FILL, 9, b"abcd"), Piece(DONT_CARE, 5, b"")]),
    build(
        4096, [Piece(DONT_CARE, 1, b""), Piece(RAW, 2, _NOISE[:8192]), Piece(0xCAC4, 0, b"sum!")]
    ),
    build(4, [Piece(RAW, 1, b"data"), Piece(RAW, 3, b"data" * 3)], 8, 4),
]
# The header's numbers, and those of the first chunk where the header has its usual length.
_SPARSE_FIELDS = [
    *((at, "<H") for at in (4, 6, 8, 10, 28, 30)),
    *((at, "<I") for at in (12, 16, 20, 24, 32, 36)),
]
_INSIDE = [_NOISE[:300], bytes(20_000), b"short", *_SPARSE]
# Lengths, sizes and offsets: of a gzip's end; of a zip's end, its directory and its first entry.
_PACKED_FIELDS = {
    Packing.GZIP: [(3, "<B"), (-4, "<I"), (-8, "<I")],
    Packing.XZ: [(7, "<B"), (12, "<B"), (13, "<B"), (-8, "<I"), (-12, "<I")],
    Packing.ZSTD: [(4, "<B"), (5, "<B"), (6, "<I"), (6, "<H")],
    Packing.ZIP: [
        *((at, "<H") for at in (6, 8, 26, 28, -12, -14, -2)),
        *((at, "<I") for at in (14, 18, 22, -10, -6)),
    ],
}
_MAPS = [block_map(_NOISE, ranges, size) for size in (512, 4096) for ranges in ([(0, 2)], [])]
_FIRMWARE = bytes(range(200))
_SUFFIX = suffix.make(_FIRMWARE, suffix.Suffix(0x0123, 0x0001, 0x1209, 0x0100))
_DFUSE = prefixed([(0, [(0x08000000, b"A" * 50), (0x08004000, b"B" * 9)]), (1, [(16, b"C")])])
_DFUSE_FIELDS = [
    (5, "<B"),
    (6, "<I"),
    (10, "<B"),
    (17, "<B"),
    (277, "<I"),
    (281, "<I"),
    (289, "<I"),
]
_STM32 = b"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"
_TWO = b"@Flash/0x0/2*4 a,1*8Bg/0x10000000/3*1Mg"
_DESCRIPTORS = bytes.fromhex("05 24 00 10 01 09 21 0b ff00 0008 1a01")
_MOUNTS = (
    b"36 35 98:0 / /mnt/a\\040b rw,noatime master:1 - ext4 /dev/sda1 rw,errors=continue\n"
    b"37 35 0:41 /sub /srv rw shared:7 - btrfs /dev/sdb rw\n"
)
_RECORDINGS = Path(__file__).parent.parent / "flash" / "recordings"


def look(content: bytes, directory: Path) -> str:
    """Inspect an image, and write it out as a hub would."""
    path = directory / "image"
    path.write_bytes(content)
    facts = inspect(path)
    sent = path
    if facts.unpacked is not None:
        sent = path.with_name("expanded")
        expand(path, sent, facts.unpacked)
        assert sent.stat().st_size == facts.unpacked.size
    _holds(sent, facts)
    return ACCEPTED


def _holds(path: Path, facts: ImageFacts) -> None:
    """See that it is cut as what it was found to be."""
    with Image(path) as source:
        assert (source.kind, source.expanded_size, source.content_size) == (
            facts.kind,
            facts.expanded_size,
            facts.content_size,
        )
        if facts.kind == "raw" or facts.content_size > 8 * MIB:
            return
        parts = list(source.parts(MIB))
        assert sum(part.content for part in parts) == facts.content_size
        for part in parts:
            assert sum(len(buffer) for buffer, _ in part.buffers()) == part.size


def _map(content: bytes, _directory: Path) -> str:
    bmap = read_bmap(content)
    end = 0
    for each in bmap.ranges:
        assert end <= each.start < each.end <= bmap.image_size
        assert each.start % bmap.block_size == 0
        end = each.end
    return ACCEPTED


def _seal_map(content: bytes) -> bytes:
    return seal(re.sub(rb"(?<=sum> )[0-9a-f]{64}", b"0" * 64, content, count=1))


def _suffix(content: bytes, _directory: Path) -> str:
    found = suffix.parse(content)
    if found is None:
        return "none"
    assert suffix.make(content[:-16], found) == content[-16:] or content[-5] != 16
    return ACCEPTED


def _seal_suffix(content: bytes) -> bytes:
    body = content[:-4]
    return body + (zlib.crc32(body) ^ 0xFFFFFFFF).to_bytes(4, "little")


def _dfuse(content: bytes, _directory: Path) -> str:
    for each in dfuse_file.parse(content):
        for element in each.elements:
            assert 0 < element.offset <= element.offset + element.size <= len(content)
    return ACCEPTED


def _layout(content: bytes, _directory: Path) -> str:
    pages = memory.parse(content.decode("latin-1")).pages
    assert all(each.size > 0 and each.number > 0 for each in pages)
    return ACCEPTED


def _descriptor(content: bytes, _directory: Path) -> str:
    found = Functional.find(content)
    assert found is None or 0 < found.transfer_size <= 0xFFFF
    return ACCEPTED if found else "none"


def _mounts(content: bytes, _directory: Path) -> str:
    for mount in read_mounts(content):
        assert len(mount.point) <= len(content)
    return ACCEPTED


def _recording(content: bytes, directory: Path) -> str:
    path = directory / "recording.jsonl"
    path.write_bytes(content)
    try:
        found = Transcript.read(path)
    except RecordingError:
        return "refused"
    found.write(path)
    assert Transcript.read(path) == found
    return ACCEPTED


SUBJECTS: Mapping[str, Subject] = {
    "sparse": Subject(look, _SPARSE, _IMAGES, _SPARSE_FIELDS),
    **{
        packing.value: Subject(
            look,
            [
                *(way(content) for way in ways for content in _INSIDE),
                *(way(_NOISE[:50]) + way(bytes(900)) for way in ways),
            ],
            _IMAGES,
            _PACKED_FIELDS[packing],
        )
        for packing, ways in WAYS.items()
    },
    "bmap": Subject(_map, _MAPS, _IMAGES, seal=_seal_map),
    "dfu suffix": Subject(
        _suffix,
        [_FIRMWARE + _SUFFIX, suffix.make(b"", suffix.Suffix(1, 2, 3, 0x0110))],
        frozenset({Code.IMAGE_CORRUPT}),
        [(-5, "<B"), (-10, "<H"), (-12, "<H"), (-14, "<H"), (-16, "<H"), (-4, "<I")],
        _seal_suffix,
    ),
    "dfuse": Subject(_dfuse, [_DFUSE], frozenset({Code.IMAGE_CORRUPT}), _DFUSE_FIELDS),
    "dfuse layout": Subject(_layout, [_STM32, _TWO], frozenset({Code.PROTOCOL_ERROR})),
    "dfu descriptor": Subject(
        _descriptor,
        [_DESCRIPTORS, _DESCRIPTORS[5:]],
        frozenset({Code.PROTOCOL_ERROR}),
        [(0, "<B"), (5, "<B"), (10, "<H"), (12, "<H")],
    ),
    "mounts": Subject(_mounts, [_MOUNTS], frozenset({Code.INTERNAL})),
    "recording": Subject(
        _recording,
        [(_RECORDINGS / f"{name}.jsonl").read_bytes() for name in ("garbled", "knows-nothing")],
        frozenset(),
    ),
    "fastboot over TCP": Subject(
        stream, STREAMS, frozenset({Code.LINK_LOST, Code.PROTOCOL_ERROR}), STREAM_FIELDS
    ),
    "fastboot over UDP": Subject(
        datagrams, DATAGRAMS, frozenset({Code.LINK_LOST, Code.PROTOCOL_ERROR, Code.DEVICE_SILENT})
    ),
    "fastboot answers": Subject(
        partial(answered, done=ACCEPTED),
        ANSWERS,
        frozenset(
            {
                Code.PROTOCOL_ERROR,
                Code.DEVICE_REFUSED,
                Code.DEVICE_LOCKED,
                Code.BATTERY_LOW,
                Code.INVALID_REQUEST,
                Code.IMAGE_TOO_LARGE,
                Code.UNKNOWN_PARTITION,
                Code.DEVICE_SILENT,
                Code.TIMED_OUT,
            }
        ),
    ),
}
