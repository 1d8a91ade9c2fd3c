from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.dfu.spans import Span, Spans
from flashyard.flash.images.pieces import Piece

IMAGE = bytes(range(200))


@given(
    edges=st.lists(st.integers(0, 200), max_size=12),
    cuts=st.lists(st.integers(0, 200), max_size=12),
)
def test_every_byte_goes_where_its_span_says_once(edges: list[int], cuts: list[int]) -> None:
    edges = sorted(edges)
    spans = [
        Span(start, end, 10_000 + 3 * start)
        for start, end in zip(edges[::2], edges[1::2], strict=False)
    ]
    wanted = {
        span.address + at - span.start: IMAGE[at] for span in spans for at in range(*span[:2])
    }
    found: dict[int, int] = {}
    ends = 0
    breaks = sorted({0, *cuts, 200})
    for start, end in itertools.pairwise(breaks):
        for cut in Spans(spans).cut(Piece(start, memoryview(IMAGE)[start:end], 0)):
            assert cut.data
            ends += cut.is_last
            for at, byte in enumerate(cut.data, cut.address):
                assert at not in found
                found[at] = byte
    assert found == wanted
    assert ends == sum(span.start < span.end for span in spans)
