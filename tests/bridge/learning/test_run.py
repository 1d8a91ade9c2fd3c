"""What is learnt of a job, and how it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.history import MAX_SPANS
from flashyard.contract.phases import Phase
from flashyard_bridge.learning.run import NEWEST, Part, Run, add, run_of, unpacked
from support.learnt import TOOK, taken
from support.records import failed_job, record_of


def test_the_spans_of_a_part_count_together_and_waiting_does_not() -> None:
    spans = taken(took={"queued": 9, "preparing": 5, "writing boot": 7}).spans
    again = taken(took={"preparing": 1, "writing boot": 3, "writing system": 4}).spans
    run = run_of(taken(spans=spans + again))
    assert run is not None
    assert run.parts == {
        Part(Phase.PREPARING, None): 6,
        Part(Phase.WRITING, "boot"): 10,
        Part(Phase.WRITING, "system"): 4,
    }


@pytest.mark.parametrize(
    "record",
    [
        record_of(failed_job()),
        taken(job={"bandwidth_limit": 1000}),
        taken(took={}),
        taken(took={"queued": 10}),
        taken(spans=taken().spans * (MAX_SPANS // len(TOOK))),
    ],
    ids=["failed", "held to a bandwidth", "from an older hub", "only waited", "not whole"],
)
def test_what_is_no_example_is_not_followed(record: Any) -> None:
    assert run_of(record) is None


@given(
    st.lists(
        st.builds(
            Run,
            at=st.integers(0, 100),
            bytes=st.integers(0, 10**15),
            parts=st.dictionaries(
                st.builds(Part, st.sampled_from(Phase), st.sampled_from([None, "a", "b"])),
                st.integers(0, 10**9),
                min_size=1,
                max_size=5,
            ),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_newest_are_kept_as_they_were_whatever_order_they_come_in(runs: list[Run]) -> None:
    pack: dict[str, Any] = {}
    for run in runs:
        add(pack, run)
    kept = list(unpacked(pack))
    assert [run.at for run in kept] == sorted(run.at for run in runs)[-NEWEST:]
    assert all(run in runs and list(run.parts) in [list(r.parts) for r in runs] for run in kept)
