"""What one browser has yet to receive, whatever came in which order."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flashyard_bridge.live.outbox import Outbox, Parcel
from flashyard_bridge.live.tally import Tally

_JOBS = st.sampled_from(["a", "b", "c"])
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("progress"), _JOBS),
        st.tuples(st.just("event"), _JOBS),
        st.tuples(st.just("take"), st.integers(1, 40)),
    ),
    max_size=60,
)


def _progress(job: str, number: int) -> Parcel:
    return Parcel(f"<{job}:p{number}>".encode(), key=job)


def _event(job: str, number: int) -> Parcel:
    return Parcel(f"<{job}:e{number}>".encode(), after=job)


def _split(data: bytes) -> list[str]:
    return [part for part in data.decode().replace(">", "").split("<") if part]


def test_newer_progress_takes_the_place_of_an_unsent_one() -> None:
    tally = Tally()
    box = Outbox(tally)
    for parcel in (_progress("a", 1), _progress("b", 1), _progress("a", 2)):
        box.put(parcel)
    assert _split(box.take(1000)) == ["a:p2", "b:p1"]
    assert not box
    assert (tally.thinned, tally.sent) == (1, 2)


def test_a_jobs_pending_progress_goes_before_its_event_and_is_final_then() -> None:
    box = Outbox(Tally())
    for parcel in (_progress("a", 1), _event("a", 2), _progress("a", 3)):
        box.put(parcel)
    assert _split(box.take(1000)) == ["a:p1", "a:e2", "a:p3"]


def test_only_what_nothing_can_replace_has_weight() -> None:
    box = Outbox(Tally())
    for number in range(1000):
        box.put(_progress("a", number))
    assert (len(box), box.weight) == (1, 0)
    event = _event("b", 1)
    box.put(event)
    assert box.weight == len(event.data)
    box.take(1000)
    assert box.weight == 0


def test_a_portion_is_no_more_than_was_asked_for_and_one_parcel() -> None:
    box = Outbox(Tally())
    for number in range(10):
        box.put(Parcel(b"x" * 10, key=str(number)))
    assert len(box.take(25)) == 30
    assert len(box) == 7


@given(_STEPS)
def test_each_job_keeps_its_order_no_event_is_lost_and_progress_is_the_newest(
    steps: list[tuple[str, str | int]],
) -> None:
    box = Outbox(Tally())
    put: dict[str, list[str]] = {"a": [], "b": [], "c": []}
    got: list[str] = []
    for number, (what, argument) in enumerate(steps):
        if what == "take":
            got += _split(box.take(int(argument)))
            continue
        job = str(argument)
        parcel = (_progress if what == "progress" else _event)(job, number)
        put[job] += _split(parcel.data)
        box.put(parcel)
    got += _split(box.take(10**6))
    assert box.weight == 0
    for job, all_put in put.items():
        of_job = [name for name in got if name.startswith(job)]
        assert of_job == sorted(of_job, key=all_put.index), "out of order"
        assert [name for name in of_job if ":e" in name] == [n for n in all_put if ":e" in n]
        newest = [
            name for name, then in pairwise([*all_put, ":e"]) if ":p" in name and ":e" in then
        ]
        assert set(newest) <= set(of_job), "the newest progress is missing"
