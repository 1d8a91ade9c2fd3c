"""The embedded broker's numbers have names at the bridge; the two meet on the wire alone."""

from __future__ import annotations

from flashyard_bridge.metrics.of_broker import BrokerValues
from flashyard_broker.counters import Counters, Holdings
from flashyard_broker.sys_topics import ROOT, numbers

TWICE = {"clients/total"}  # the sum of two others; there for Mosquitto's dashboards


def test_every_number_of_ours_is_a_metric_of_the_bridge() -> None:
    for topic in numbers(Counters(), Holdings(*range(9))):
        values = BrokerValues()
        values.hear(f"{ROOT}/{topic}", b"1")
        assert bool([*values.families()]) == (topic not in TWICE), topic
