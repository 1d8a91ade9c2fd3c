"""What a target is fed with: a source of bytes, cut into parts that each fit one download.

Says nothing of where the bytes come from; images and generated content both satisfy it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

MIB = 1 << 20
# A part is the smallest thing that can be re-sent, so it also bounds how long a cancel waits:
# 128 MiB is about 4 s at USB 2 speed, for one extra round trip each.
PART_SIZE = 128 * MIB
BLOCK_SIZE = 4096
# The size of a download is 8 hex digits on the wire (fastboot README, "download:%08x").
MAX_DOWNLOAD = 0xFFFFFFFF

Buffers: TypeAlias = Iterator[tuple[bytes | memoryview, int]]


class Kind(StrEnum):
    """How an image's file describes the device's bytes."""

    RAW = "raw"
    SPARSE = "sparse"


@dataclass(frozen=True, slots=True)
class Part:
    """One download: as it goes over the wire, and how much of the content it stands for.

    Attributes:
        size: the exact bytes to send.
        content: the content bytes they stand for (RAW data without padding, FILL expanded).
        sparse: whether it is an Android sparse image, complete in itself.
        buffers: call it, as often as needed, for the bytes in order: pairs of a buffer to send
            as it is and the content bytes that buffer stands for. A buffer is valid until the
            next one is asked for.
    """

    size: int
    content: int
    sparse: bool
    buffers: Callable[[], Buffers]


class Source(Protocol):
    """Something to be written to a partition. Sizes in bytes."""

    @property
    def kind(self) -> Kind:
        """How the source describes the device's bytes."""
        ...

    @property
    def size(self) -> int:
        """The bytes of the source itself."""
        ...

    @property
    def expanded_size(self) -> int:
        """The bytes of the partition it spans."""
        ...

    @property
    def content_size(self) -> int:
        """The bytes it puts there: the sum of ``content`` over its parts."""
        ...

    def count(
        self, limit: int, *, part_size: int = PART_SIZE, block_size: int = BLOCK_SIZE
    ) -> int | None:
        """Count the parts, or None where only reading all of the source would tell."""
        ...

    def parts(
        self, limit: int, *, part_size: int = PART_SIZE, block_size: int = BLOCK_SIZE
    ) -> Iterator[Part]:
        """Cut into parts, each at most ``min(limit, part_size)`` bytes, in order.

        The same arguments give the same parts. A part is planned when it is asked for, and
        nothing is sent by asking: to go on at part k, skip k of them. ``block_size`` is for
        what has no blocks of its own. Raises `protocol_error` where the limit holds no block.
        """
        ...
