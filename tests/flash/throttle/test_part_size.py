from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from flashyard.flash.source import MIB, Kind, Source
from flashyard.flash.throttle.part_size import part_size


def source(kind: Kind, size: int) -> Source:
    return cast("Source", SimpleNamespace(kind=kind, size=size))


SPARSE = source(Kind.SPARSE, 300 * MIB)
LARGE = source(Kind.RAW, 300 * MIB)
BOOT = source(Kind.RAW, 64 * MIB)


@pytest.mark.parametrize(
    ("rate", "sources", "size"),
    [
        (None, [SPARSE], 128 * MIB),
        (1000 * MIB, [SPARSE], 128 * MIB),
        (4 * MIB, [SPARSE], 20 * MIB),
        (4 * MIB, [LARGE], 20 * MIB),
        (1, [SPARSE, LARGE], MIB),
        (4 * MIB, [SPARSE, BOOT], 64 * MIB),
    ],
    ids=["no limit", "high", "sparse", "raw, cut anyway", "lowest", "raw, whole"],
)
def test_a_part_takes_seconds_but_a_raw_image_that_goes_whole_stays_whole(
    rate: int | None, sources: list[Source], size: int
) -> None:
    assert part_size(rate, 128 * MIB, sources) == size
