"""A browser's own pace: at once, then the newest of each job when the interval is over."""

from __future__ import annotations

from collections.abc import Iterable

from flashyard_bridge.live.outbox import Parcel
from flashyard_bridge.live.pace import Pace
from support.waiting import until


async def test_the_first_passes_and_the_newest_of_each_job_follows() -> None:
    released: list[bytes] = []

    def release(parcels: Iterable[Parcel]) -> None:
        released.extend(parcel.data for parcel in parcels)
        assert pace.holds("a", Parcel(b"a4")), "released ones count for the next interval"
        assert pace.stop() == [Parcel(b"a4")]

    pace = Pace(0.02, release)
    assert not pace.holds("a", Parcel(b"a1"))
    for data in (b"a2", b"b1", b"a3"):
        assert pace.holds(data[:1].decode(), Parcel(data))
    await until(lambda: released == [b"a3", b"b1"])


async def test_after_a_quiet_interval_the_next_passes_at_once() -> None:
    pace = Pace(0.01, lambda _parcels: None)
    assert not pace.holds("a", Parcel(b"a1"))
    await until(lambda: pace._timer is None)
    assert not pace.holds("a", Parcel(b"a2"))
    pace.stop()


async def test_a_held_sample_can_be_had_early_once() -> None:
    pace = Pace(60, lambda _parcels: None)
    pace.holds("a", Parcel(b"a1"))
    pace.holds("a", Parcel(b"a2"))
    assert pace.give_up("a") == Parcel(b"a2")
    assert pace.give_up("a") is None
    assert pace.stop() == []
