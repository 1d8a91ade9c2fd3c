"""A job's log, cut into what messages hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.joblog import batches
from flashyard.contract.messages import FlashLog
from flashyard.contract.topics import MAX_PAYLOAD
from flashyard.flash.running.lines import MAX_LINES, MAX_TEXT, Line

_texts = st.one_of(
    st.text(max_size=50),
    st.sampled_from(["x" * MAX_TEXT, "\0" * MAX_TEXT, "€" * MAX_TEXT, "\U0001f4a9" * MAX_TEXT]),
)


@given(st.lists(_texts, max_size=60), st.integers(1, 8))
def test_every_line_goes_out_once_in_order_in_messages_that_fit(
    texts: list[str], times: int
) -> None:
    lines = [Line(n, text) for n, text in enumerate(texts * times)][:MAX_LINES]
    cut = list(batches(lines))
    assert [(each.at, each.text) for batch in cut for each in batch] == lines
    for batch in cut:
        said = FlashLog(
            job_id="job_1703001234_abc123",
            device_id="D" * 64,
            hub_id="h" * 31,
            timestamp=2**53 - 1,
            lines=batch,
        )
        assert len(said.encode()) <= MAX_PAYLOAD
