"""Topics: what is built parses back, is safe on every broker, and subscriptions do not overlap."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from flashyard.contract.topics import (
    ANNOUNCE,
    MANNERS,
    Kind,
    Topic,
    bridge_filters,
    build,
    hub_filters,
    parse,
    viewer_filters,
)

hubs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True)
devices = st.from_regex(r"[A-Za-z0-9._:@-]{1,64}", fullmatch=True)


@st.composite
def topics(draw: st.DrawFn) -> Topic:
    kind = draw(st.sampled_from(Kind))
    return Topic(kind, draw(hubs), draw(devices) if MANNERS[kind].per_device else None)


@given(topics())
def test_a_topic_parses_back_to_what_it_was_built_from(topic: Topic) -> None:
    assert parse(str(topic)) == topic


@given(topics())
def test_a_topic_has_nothing_that_some_broker_trips_over(topic: Topic) -> None:
    assert re.fullmatch(r"(?:[A-Za-z0-9_-]|%[0-9A-F]{2})+", str(topic).replace("/", ""))
    assert "//" not in str(topic)


@given(st.text() | st.from_regex(r"flashyard/v1/[a-z%.]{0,9}(/[a-z%.]{0,9}){0,3}"))
def test_what_is_not_ours_is_refused_or_parses_to_exactly_itself(text: str) -> None:
    try:
        topic = parse(text)
    except ValueError:
        return
    assert str(topic) == text


@given(topics())
def test_every_report_matches_exactly_one_filter_of_a_bridge(topic: Topic) -> None:
    matching = [f for f, _ in bridge_filters() if topic_matches_sub(f, str(topic))]
    assert len(matching) == (MANNERS[topic.kind].source == "hub")


@given(topics())
def test_a_hub_hears_its_orders_and_its_own_retained_facts_only(topic: Topic) -> None:
    matching = [f for f, _ in hub_filters(topic.hub) if topic_matches_sub(f, str(topic))]
    heard = {Kind.ORDER, Kind.RECORDED, Kind.PRESENCE, Kind.DEVICE}
    assert len(matching) == (topic.kind in heard)
    assert not any(topic_matches_sub(f, str(topic)) for f, _ in hub_filters("other-hub-of-all"))


def test_a_viewer_hears_no_receipts_and_no_records() -> None:
    names = {text.rsplit("/", 1)[-1] for text, _ in viewer_filters()}
    assert names == {"presence", "+", "event", "progress", "log"}


def test_the_announce_reaches_every_hub_and_is_no_hubs_topic() -> None:
    assert (ANNOUNCE, 1) in hub_filters("bench-a")
    with pytest.raises(ValueError, match="not an id"):
        parse(ANNOUNCE)


def test_orders_are_never_retained_and_nothing_needs_more_than_qos_1() -> None:
    assert not MANNERS[Kind.ORDER].retain
    assert {manners.qos for manners in MANNERS.values()} == {0, 1}


def test_the_documented_topics_are_spelled_as_documented() -> None:
    assert build(Kind.DEVICE, "bench-a", "PIXEL6_001") == ("flashyard/v1/bench-a/device/PIXEL6_001")
    assert build(Kind.EVENT, "bench-a", "a.b:1") == "flashyard/v1/bench-a/device/a%2Eb%3A1/event"
    with pytest.raises(ValueError, match="need device"):
        build(Kind.EVENT, "bench-a")
    with pytest.raises(ValueError, match="name no device"):
        build(Kind.PRESENCE, "bench-a", "x")
