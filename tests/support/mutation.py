"""Damaged copies of sound bytes, and a parser held to its promise over many of them."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterator

from flashyard.contract.faults import Code, FaultError

_SPECIAL = (0, 1, 0x7F, 0x80, 0xFF)
_MEMORY = 8 << 20  # bytes, for inputs of some KiB


def damaged(sound: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Yield copies with bytes changed, removed, inserted, doubled or cut off."""
    noise = random.Random(seed)
    for _ in range(count):
        copy = bytearray(sound)
        for _ in range(noise.randint(1, 4)):
            at = noise.randrange(len(copy) + 1)
            match noise.randrange(6):
                case 0:
                    copy[at : at + 1] = noise.randbytes(1)
                case 1:
                    copy[at : at + 1] = bytes([noise.choice(_SPECIAL)])
                case 2:
                    copy[at : at + 4] = bytes([noise.choice(_SPECIAL)]) * 4
                case 3:
                    del copy[at : at + noise.randint(1, 30)]
                case 4:
                    copy[at:at] = copy[: noise.randint(0, 30)]
                case _:
                    del copy[at:]
        yield bytes(copy)


def faults_of(
    parse: Callable[[bytes], object], sound: bytes, seed: int, count: int, code: Code
) -> int:
    """Parse damaged copies; count those refused, all with this code and in little memory."""
    refusals = []
    is_outermost = not tracemalloc.is_tracing()
    if is_outermost:
        tracemalloc.start()
    try:
        for copy in damaged(sound, seed, count):
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
