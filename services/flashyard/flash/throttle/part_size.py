"""How large parts are where little may be sent: such that there is a safe point now and then."""

from __future__ import annotations

from collections.abc import Iterable

from flashyard.flash.source import MIB, Kind, Source

_SECONDS = 5  # what a part may take; as long as a pause waits for its end
_LEAST = MIB


def part_size(rate: int | None, most: int, sources: Iterable[Source]) -> int:
    """Give the most bytes of a part at ``rate`` bytes a second, at most ``most``.

    A raw image that goes whole at ``most`` stays whole: not every bootloader takes every
    partition as a sparse image.
    """
    if rate is None:
        return most
    raw = (source.size for source in sources if source.kind is Kind.RAW)
    whole = max((size for size in raw if size <= most), default=0)
    return min(most, max(_LEAST, _SECONDS * rate, whole))
