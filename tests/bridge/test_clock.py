"""The time hubs are told: the host's, and no order ahead of its announce."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.clock import Clock
from flashyard.contract.orders import CancelOrder
from flashyard_bridge.clock import BridgeClock
from flashyard_bridge.orders import cancel_order
from support.waiting import until

JOB = "job_1703001234_abc123"


class Time:
    """Two hosts' wall clocks, and the time that goes by for both. Seconds."""

    def __init__(self) -> None:
        self.bridge_host, self.hub_host, self.elapsed = 1_000_000.0, 1_000_000.0, 0.0

    def bridge(self) -> BridgeClock:
        return BridgeClock(lambda: self.bridge_host, lambda: self.elapsed)

    def hub(self) -> Clock:
        return Clock(lambda: self.hub_host, lambda: self.elapsed, lambda: self.elapsed)

    def passes(self, seconds: float) -> None:
        self.bridge_host += seconds
        self.hub_host += seconds
        self.elapsed += seconds


def test_it_follows_the_hosts_clock_and_tells_when_that_was_set() -> None:
    time = Time()
    clock = time.bridge()
    time.passes(5)
    time.bridge_host += 0.5
    assert not clock.look()
    assert clock.now() == 1_000_005_500
    time.bridge_host -= 3_600
    assert clock.now() == 1_000_005_500
    assert clock.look()
    assert clock.now() == 996_405_500
    assert not clock.look()


@pytest.mark.parametrize("jump", [3_600, -3_600])
async def test_whoever_watches_it_is_told_of_a_jump_once(jump: int) -> None:
    time = Time()
    clock = time.bridge()
    told: list[int] = []
    watching = asyncio.create_task(clock.watch(lambda: told.append(clock.now())))
    time.bridge_host += jump
    await until(lambda: told)
    assert not clock.look()
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    assert told == [1_000_000_000 + jump * 1000]


HAPPENS = st.one_of(
    st.tuples(st.just("passes"), st.floats(0, 7_200)),
    st.tuples(st.sampled_from(["bridge is set", "hub is set"]), st.sampled_from([-3_600, 3_600])),
    st.tuples(st.just("looks"), st.just(0)),
)


@given(st.lists(HAPPENS, max_size=20))
def test_an_order_is_taken_at_once_and_not_an_hour_later_whoever_sets_which_clock(
    story: list[tuple[str, float]],
) -> None:
    time = Time()
    bridge, hub = time.bridge(), time.hub()
    hub.learn(bridge.now())
    orders: list[tuple[CancelOrder, float]] = []
    for what, seconds in story:
        match what:
            case "passes":
                time.passes(seconds)
            case "bridge is set":
                time.bridge_host += seconds
            case "hub is set":
                time.hub_host += seconds
            case _ if bridge.look():
                hub.learn(bridge.now())
                orders.clear()  # what was issued by the clock before is judged by it no more
        order = cancel_order(JOB, "s1", bridge.now())
        assert not order.is_stale(hub.bridge_now())
        orders.append((order, time.elapsed))
    for order, issued in orders:
        gone = (time.elapsed - issued) * 1000
        if abs(gone - order.ttl_ms) > 10:
            assert order.is_stale(hub.bridge_now()) == (gone > order.ttl_ms)
