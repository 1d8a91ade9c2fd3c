"""A broker's word on itself: numbers that have a name here, and never more than a few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard_bridge.metrics.of_broker import BROKER, MAX_VALUES, BrokerValues


def told(values: BrokerValues) -> dict[str, float]:
    return {
        "".join([sample.name, *sample.labels.values()]): sample.value
        for family in values.families()
        for sample in family.samples
    }


def test_the_last_value_counts() -> None:
    values = BrokerValues()
    values.hear("$SYS/broker/clients/connected", b"3")
    values.hear("$SYS/broker/clients/connected", b"2")
    assert told(values) == {"flashyard_broker_clients_connected": 2.0}


def test_what_a_topic_ends_in_is_the_label() -> None:
    values = BrokerValues()
    values.hear("$SYS/broker/flashyard/dropped/stalled", b"7")
    values.hear("$SYS/broker/flashyard/dropped/offline_full", b"1")
    assert told(values) == {
        "flashyard_broker_dropped_totalstalled": 7.0,
        "flashyard_broker_dropped_totaloffline_full": 1.0,
    }


def test_the_uptime_comes_with_its_unit() -> None:
    values = BrokerValues()
    values.hear("$SYS/broker/uptime", b"4 seconds")
    assert told(values) == {"flashyard_broker_uptime_seconds": 4.0}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("$SYS/broker/version", b"mosquitto version 2.0.11"),
        ("$SYS/broker/clients/connected", b"many"),
        ("$SYS/broker/clients/connected", b"NaN"),
        ("$SYS/broker/clients/connected", b"9" * 400),
        ("$SYS/broker/load/sockets/1min", b"0.95"),
        ("$SYS/broker/flashyard/dropped/+", b"1"),
        ("$SYS/broker/flashyard/dropped/a b", b"1"),
        ("$SYS/other/clients/connected", b"1"),
        ("clients/connected", b"1"),
    ],
)
def test_what_is_no_number_of_ours_is_left_alone(topic: str, payload: bytes) -> None:
    values = BrokerValues()
    values.hear(topic, payload)
    assert told(values) == {}


@given(st.lists(st.tuples(st.text(max_size=60), st.binary(max_size=40))))
def test_whatever_comes_is_borne(said: list[tuple[str, bytes]]) -> None:
    values = BrokerValues()
    for name, payload in said:
        values.hear(f"$SYS/broker/{name}", payload)
    told(values)


def test_a_broker_that_makes_up_topics_is_not_followed_for_ever() -> None:
    values = BrokerValues()
    for number in range(MAX_VALUES * 2):
        values.hear(f"$SYS/broker/flashyard/dropped/why_{number}", b"1")
    assert len(told(values)) == MAX_VALUES
    values.hear("$SYS/broker/flashyard/dropped/why_0", b"2")
    assert told(values)["flashyard_broker_dropped_totalwhy_0"] == 2.0


def test_every_metric_has_one_topic_and_no_topic_has_two() -> None:
    names = [metric.name for metric in BROKER.values()]
    assert len(names) == len(set(names)) < MAX_VALUES
