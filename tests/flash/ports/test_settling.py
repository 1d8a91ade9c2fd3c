from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.ports.plugged import Plugged
from flashyard.flash.ports.settling import Change, Settling

A, B = (Plugged(station="P", name="1-1", bus=1, address=n, vendor=1, product=1) for n in (1, 2))
SETTLED = 0.4


def there(what: Plugged | None) -> dict[str, Plugged]:
    return {"P": what} if what else {}


def began_empty() -> Settling:
    settling = Settling(SETTLED)
    assert settling.observe({}, 0.0) == []
    return settling


def test_what_was_there_before_us_is_told_at_once() -> None:
    assert Settling(SETTLED).observe(there(A), 5.0) == [Change("P", None, A)]


def test_what_comes_is_told_once_it_has_stayed() -> None:
    settling = began_empty()
    assert settling.observe(there(A), 1.0) == []
    assert settling.due == 1.0 + SETTLED
    assert settling.observe(there(A), 1.3) == []
    assert settling.observe(there(A), 1.5) == [Change("P", None, A)]
    assert settling.observe(there(A), 9.0) == []
    assert settling.due is None


def test_what_bounces_is_told_never() -> None:
    settling = began_empty()
    for tick in range(100):
        assert settling.observe(there(A if tick % 2 else None), tick * 0.3) == []


def test_a_device_that_came_back_as_another_is_one_change() -> None:
    settling = Settling(SETTLED)
    settling.observe(there(A), 0.0)
    assert settling.observe({}, 1.0) == []
    assert settling.observe(there(B), 1.2) == []
    assert settling.observe(there(B), 1.7) == [Change("P", A, B)]


sights = st.lists(
    st.tuples(st.sampled_from([None, A, B]), st.floats(0.01, 1.0)), min_size=1, max_size=60
)


@given(sights)
def test_changes_fit_together_and_each_was_true_for_a_while(
    seen: list[tuple[Plugged | None, float]],
) -> None:
    settling, now, told = began_empty(), 0.0, None
    since: tuple[Plugged | None, float] = (None, 0.0)
    for what, passed in seen:
        now += passed
        since = since if since[0] == what else (what, now)
        for change in settling.observe(there(what), now):
            assert change.before == told
            assert change.after == what != told
            assert now >= since[1] + SETTLED
            told = change.after
    settling.observe(there(what), now)
    for change in settling.observe(there(what), now + SETTLED):
        told = change.after
    assert told == what
