"""A part's buffers as a transport likes them: few, large, and each with what it stands for."""

from __future__ import annotations

from collections.abc import Iterator

from flashyard.flash.source import MIB, Buffers

_SMALL = MIB // 16


def packed(buffers: Buffers) -> Iterator[tuple[memoryview, int]]:
    """Copy small neighbours together, up to 1 MiB; pass large ones on as they are.

    A sparse image may be ten thousand chunks of a block each, and each buffer costs a call (over
    UDP a round trip). What is yielded is valid until the next is asked for.
    """
    box = bytearray(MIB)
    filled = content = 0
    for buffer, stands_for in buffers:
        size = len(buffer)
        small = size < _SMALL
        if filled and not (small and filled + size <= MIB):
            yield memoryview(box)[:filled], content
            filled = content = 0
        if small:
            box[filled : filled + size] = buffer
            filled += size
            content += stands_for
        else:
            yield memoryview(buffer), stands_for
    if filled:
        yield memoryview(box)[:filled], content
