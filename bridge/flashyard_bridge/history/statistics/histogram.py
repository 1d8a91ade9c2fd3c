"""How often each value was seen, exactly or by buckets that add up, and the quantiles of it.

A bucket holds the whole numbers in (g^(i-1), g^i], and stands for one that is within 1 % of each
of them; rounded to a whole number it is within 2 %, and exact below 50, where a bucket holds one
number. Source: Masson, Rim and Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
Relative-Error Guarantees", PVLDB 12(12), 2019, section 2.1.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

ERROR = 0.02  # of a quantile that is told from buckets
_GAMMA = 1.01 / 0.99
LOG_GAMMA = math.log(_GAMMA)
_BUCKET = 2  # bytes
_DAMAGED = "A histogram that was kept is damaged."
_OF_SPEED = 1 << 15  # no bucket is as large
_COUNTS = {1: "B", 2: "H", 4: "I", 8: "Q"}  # bytes of a count, and the letter `struct` has for it

Counted: TypeAlias = dict[int, int]
"""How often what was seen: of values, or of buckets."""


def bucket_of(value: int) -> int:
    """Find the bucket of a number from 0 to 2^53."""
    return 1 + math.ceil(math.log(value) / LOG_GAMMA) if value > 0 else 0


def value_of(bucket: int) -> int:
    """Tell the number that a bucket stands for."""
    return round(2 * _GAMMA ** (bucket - 1) / (_GAMMA + 1)) if bucket else 0


class Scale(NamedTuple):
    """What values are counted as, and what that stands for."""

    place_of: Callable[[int], int]
    value_of: Callable[[int], int]


EXACT = Scale(int, int)
BUCKETS = Scale(bucket_of, value_of)


def quantile(counted: Mapping[int, int], percent: int) -> int:
    """Find the least value that is not less than so many percent of all (the nearest rank)."""
    rank = -(-sum(counted.values()) * percent // 100)
    for value in sorted(counted):
        rank -= counted[value]
        if rank <= 0:
            return value
    raise ValueError("nothing was counted")


def add(to: Counted, counts: Iterable[tuple[int, int]], times: int = 1) -> None:
    """Add values' counts, or with ``times`` -1 take them away; what comes to nothing is gone."""
    if times == 1 and not to:
        to.update(counts)
        return
    get = to.get
    for value, count in counts:
        if total := get(value, 0) + count * times:
            to[value] = total
        else:
            del to[value]


def pack(counted: Mapping[int, int]) -> bytes:
    """Write buckets, of 16 bits each, and their counts, of as many bits as the largest needs."""
    if not counted:
        return b""
    buckets = sorted(counted)
    counts = [counted[bucket] for bucket in buckets]
    width = next(width for width in _COUNTS if max(counts) < 1 << 8 * width)
    return bytes([width]) + struct.pack(
        f"<{len(buckets)}H{len(buckets)}{_COUNTS[width]}", *buckets, *counts
    )


def unpack(packed: bytes) -> Iterator[tuple[int, int]]:
    """Read what :func:`pack` wrote: buckets with their counts.

    Raises:
        ValueError: it is damaged.
    """
    if not packed:
        return iter(())
    width = packed[0]
    many = len(packed) // (_BUCKET + width)
    try:
        words = struct.unpack(f"<{many}H{many}{_COUNTS[width]}", packed[1:])
    except (struct.error, KeyError) as error:
        raise ValueError(_DAMAGED) from error
    return zip(words[:many], words[many:], strict=True)


def listed(of_jobs: Iterable[tuple[int | None, int | None]]) -> bytes:
    """Write the buckets of some jobs' durations and speeds so that more can be put behind them."""
    words = [
        word
        for duration, speed in of_jobs
        for word in (duration, speed if speed is None else speed | _OF_SPEED)
        if word is not None
    ]
    return struct.pack(f"<{len(words)}H", *words)


def add_listed(durations: Counted, speeds: Counted, listed: bytes, times: int = 1) -> None:
    """Add what :func:`listed` wrote, or with ``times`` -1 take it away.

    Raises:
        ValueError: it is damaged.
    """
    if len(listed) % _BUCKET:
        raise ValueError(_DAMAGED)
    for word in struct.unpack(f"<{len(listed) // _BUCKET}H", listed):
        to, bucket = (durations, word) if word < _OF_SPEED else (speeds, word - _OF_SPEED)
        if total := to.get(bucket, 0) + times:
            to[bucket] = total
        else:
            del to[bucket]
