"""A compressed file as a stream of what is inside: 1 MiB at a time, whatever it claims to be.

It undoes the compression and refuses to know what the bytes mean.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.images.packed import decoder, zipped
from flashyard.flash.images.packed.decoder import DECODERS, Decoder
from flashyard.flash.images.packed.packing import Packing
from flashyard.flash.source import MIB

Progress = Callable[[int], None]  # is told how far the file has been read

# A bomb grows a thousandfold and more: past this it is not read on.
MAX_UNPACKED = 256 << 30
_READ = 256 << 10
# A decoder hands back what it was given too much: tiny members must not cost a large copy each.
_FIRST_FEED = 4 << 10
# A library may quote the file, and a name in a zip has up to 64 KiB.
_LONGEST_WORDS = 500
_ZEROS = re.compile(rb"\0*")


def unpacked(
    file: io.FileIO,
    packing: Packing,
    limit: int = MAX_UNPACKED,
    progress: Progress | None = None,
) -> Iterator[memoryview]:
    """Yield what is inside, in pieces of 1 MiB but for the last; each is valid until the next.

    Several gzip members, xz streams or zstd frames in a row are one file, as for the tools that
    make them; zeros may stand between and behind them.

    Raises:
        FaultError: `image_corrupt`: cut off, damaged, or not what it claims; `image_too_large`:
            more than ``limit`` bytes; `not_supported`: it takes over 128 MiB of memory, or is an
            encrypted zip; `invalid_request`: a zip of no or several files.
        OSError: it cannot be read.
    """
    file.seek(0)
    pieces = (
        zipped.member(file, limit)
        if packing is Packing.ZIP
        else _members(_Input(file), DECODERS[packing])
    )
    done = 0
    for block in _gathered(_told(pieces, packing)):
        done += len(block)
        if done > limit:
            raise too_large(limit, packing)
        if progress is not None:
            progress(file.tell())
        yield block


def too_large(limit: int, packing: Packing) -> FaultError:
    """Make the refusal of a file that grows beyond what it may."""
    return refuse(
        Code.IMAGE_TOO_LARGE,
        "Uncompressed, the image is larger than it may be.",
        hint="It is damaged, or made to do harm: use the image made for this product.",
        details=f"{packing}: over {limit} bytes",
    )


def damaged(packing: Packing, details: str) -> FaultError:
    """Make the refusal of a compressed file that is not sound."""
    words = details[:_LONGEST_WORDS]
    return refuse(Code.IMAGE_CORRUPT, f"The {packing} file is damaged.", details=words)


def _told(pieces: Iterator[bytes], packing: Packing) -> Iterator[bytes]:
    """Tell the libraries' complaints as the faults they are."""
    try:
        yield from pieces
    except (*decoder.ERRORS, *zipped.ERRORS) as error:
        if packing is not Packing.ZIP and decoder.wants_memory(error):
            raise refuse(
                Code.NOT_SUPPORTED,
                "The image takes too much memory to be unpacked.",
                hint="Compress it with a window of at most 128 MiB: `xz -9`, `zstd --long=27`.",
                details=str(error),
            ) from error
        raise damaged(packing, str(error) or "it ends early") from error


class _Input:
    """A compressed file read piece by piece, the end of a piece given back where it was too much.

    No byte is copied more than a few times however small the members are.
    """

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._held = b""
        self._at = 0

    def take(self, most: int) -> bytes:
        """Take the next bytes; none are left where there are none."""
        if self._at == len(self._held):
            self._held, self._at = self._file.read(_READ) or b"", 0
        start, self._at = self._at, min(self._at + most, len(self._held))
        return self._held[start : self._at]

    def give_back(self, count: int) -> None:
        """Have so many of the bytes taken last come again."""
        self._at -= count

    def goes_on(self) -> bool:
        """Step over zeros; is there anything behind them?"""
        while first := self.take(1):
            self.give_back(1)
            if first != b"\0":
                return True
            zeros = _ZEROS.match(self._held, self._at)
            self._at = zeros.end() if zeros else self._at
        return False


def _members(source: _Input, new: Callable[[], Decoder]) -> Iterator[bytes]:
    while source.goes_on():
        member, feed = new(), _FIRST_FEED
        while not member.eof:
            given = b""
            if member.needs_input and not (given := source.take(feed)):
                raise EOFError
            feed = min(feed * 2, _READ)
            if piece := member.decompress(given, max_length=MIB):
                yield piece
        source.give_back(len(member.unused_data))


def _gathered(pieces: Iterator[bytes]) -> Iterator[memoryview]:
    """Make pieces of exactly 1 MiB; one that is so already is not copied."""
    held = bytearray()
    for piece in pieces:
        if not held and len(piece) == MIB:
            yield memoryview(piece)
            continue
        held += piece
        if len(held) >= MIB:
            yield memoryview(bytes(held[:MIB]))
            del held[:MIB]
    if held:
        yield memoryview(bytes(held))
