"""Damaged copies of sound bytes, the same for the same seed; and parsers held to their promise.

For a parser of a new kind of file see `siege`.
"""

from __future__ import annotations

import re
import struct
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from random import Random

from flashyard.contract.faults import Code, FaultError

_SPECIAL = (0, 1, 0x7F, 0x80, 0xFF)
_MEMORY = 8 << 20  # bytes, for inputs of some KiB
_DIGITS = re.compile(rb"\d+")
_NUMBERS = (b"", b"0", b"-1", b"1e9", b"0x10", b"4294967296", b"9" * 40, b" 1 ", b"\xd9\xa1")
Field = tuple[int, str]  # where a number stands, from the end where negative; its struct format


def mutant(noise: Random, sounds: Sequence[bytes], fields: Sequence[Field] = ()) -> bytes:
    """Damage one of several sound files: mostly once or twice, at times often.

    ``fields``: where the numbers stand that a parser believes; they get extreme values.
    """
    out = bytearray(noise.choice(sounds))
    for _ in range(noise.choice([1, 1, 1, 2, 3, 8])):
        _damage(noise, out, sounds, fields)
    return bytes(out)


def _damage(
    noise: Random, out: bytearray, sounds: Sequence[bytes], fields: Sequence[Field]
) -> None:
    at = _place(noise, len(out))
    match noise.randrange(12):
        case 0 | 1:
            if out:
                out[at % len(out)] ^= 1 << noise.randrange(8)
        case 2:
            out[at : at + 1] = bytes([noise.choice([*_SPECIAL, noise.randrange(256)])])
        case 3:
            del out[at:]
        case 4:
            del out[at : at + noise.choice([1, 2, 4, 30, 100])]
        case 5:
            out[at:at] = noise.randbytes(noise.choice([1, 4, 30]))
        case 6:
            out[at:at] = out[at : at + noise.choice([4, 12, 28, 100])]
        case 7:
            other = noise.choice(sounds)
            out[at:] = other[_place(noise, len(other)) :]
        case 8:
            width = noise.choice([1, 2, 4, 8])
            out[at : at + width] = bytes([noise.choice(_SPECIAL)]) * width
        case 9:
            numbers = list(_DIGITS.finditer(out))
            if numbers:
                number = noise.choice(numbers)
                out[number.start() : number.end()] = noise.choice(_NUMBERS)
        case _:
            where, form = noise.choice(list(fields) or [(at, "<I")])
            _exaggerate(noise, out, where, form)


def _place(noise: Random, size: int) -> int:
    """Somewhere; mostly near an end, where headers and footers are."""
    at = noise.randrange(min(noise.choice([20, 80, size]), size) + 1)
    return noise.choice([at, size - at])


def _exaggerate(noise: Random, out: bytearray, where: int, form: str) -> None:
    """Give a number an extreme value, or one next to its own."""
    size = struct.calcsize(form)
    where = where + len(out) if where < 0 else where
    if not 0 <= where <= len(out) - size:
        return
    (value,) = struct.unpack_from(form, out, where)
    top = (1 << 8 * size) - 1
    extremes = (0, 1, 2, top, top - 1, top // 2, top // 2 + 1, value + 1, value - 1, value * 2)
    struct.pack_into(form, out, where, noise.choice(extremes) & top)


def faults_of(
    parse: Callable[[bytes], object], sound: bytes, seed: int, count: int, code: Code
) -> int:
    """Parse damaged copies; count those refused, all with this code and in little memory."""
    refusals = []
    is_outermost = not tracemalloc.is_tracing()
    if is_outermost:
        tracemalloc.start()
    try:
        for copy in _copies(sound, seed, count):
            try:
                parse(copy)
            except FaultError as error:
                refusals.append(error.fault)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        if is_outermost:
            tracemalloc.stop()
    assert {fault.code for fault in refusals} <= {code}
    assert all(len(fault.details or "") <= 1000 for fault in refusals)
    assert peak < _MEMORY or not is_outermost
    return len(refusals)


def _copies(sound: bytes, seed: int, count: int) -> Iterator[bytes]:
    noise = Random(seed)
    return (mutant(noise, [sound]) for _ in range(count))
