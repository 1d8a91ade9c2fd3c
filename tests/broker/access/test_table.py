"""The table against matching by brute force: every topic of a small alphabet is tried."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.topics import (
    ANNOUNCE,
    MANNERS,
    ROOT,
    Kind,
    bridge_filters,
    build,
    hub_filters,
    parse,
    viewer_filters,
)
from flashyard_broker.access import Role, clears_only, may_publish, may_subscribe, rights_of
from flashyard_broker.filters import is_within
from support.matching import matches

HUBS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,30}", fullmatch=True)
DEVICES = st.from_regex(r"[A-Za-z0-9._:@-]{1,64}", fullmatch=True)
ROLES = st.sampled_from(Role)
KINDS = st.sampled_from(Kind)
WORDS = ("a", "b", "", "$s")
TOPICS = ["/".join(each) for n in (1, 2, 3) for each in itertools.product(WORDS, repeat=n)]
OURS = st.sampled_from(
    ["flashyard", "v1", "_all", "order", "device", "event", "presence", "a", "b", "+", "#", "$SYS"]
)


def reaches(name: str) -> set[str]:
    return {topic for topic in TOPICS if matches(topic, name)}


@st.composite
def filters(draw: st.DrawFn) -> str:
    levels = draw(st.lists(st.sampled_from((*WORDS, "+")), min_size=1, max_size=3))
    if draw(st.booleans()):
        levels[-1] = "#"
    return "/".join(levels) or "a"


def a_topic(kind: Kind, hub: str, device: str) -> str:
    return build(kind, hub, device if MANNERS[kind].per_device else None)


@given(filters(), filters())
def test_a_filter_is_within_another_where_all_that_it_reaches_is(asked: str, granted: str) -> None:
    is_contained = reaches(asked) <= reaches(granted)
    if is_within(asked, granted):
        assert is_contained
    # `#` reaches no farther than `+/#`, which no one is granted: refused, on the safe side.
    elif is_contained and (asked, granted) != ("#", "+/#"):
        # The small alphabet has topics of three levels at most, and misses what lies beyond.
        assert asked.endswith("#") or not reaches(asked)


@given(ROLES, HUBS, st.lists(OURS, min_size=1, max_size=6).map("/".join), DEVICES)
def test_what_a_granted_filter_reaches_is_what_the_table_lets_it_read(
    role: Role, name: str, asked: str, device: str
) -> None:
    if not may_subscribe(role, name, asked):
        return
    for hub, kind in itertools.product((name, "a", "b"), Kind):
        topic = a_topic(kind, hub, device)
        if matches(topic, asked):
            assert any(matches(topic, each) for each in rights_of(role, name).reads)
            assert may_subscribe(role, name, topic)


@given(HUBS, HUBS, KINDS, DEVICES)
def test_a_hub_speaks_and_hears_under_its_own_name_alone(
    name: str, other: str, kind: Kind, device: str
) -> None:
    own, others = a_topic(kind, name, device), a_topic(kind, other, device)
    assert may_publish(Role.HUB, name, own) == (kind not in (Kind.ORDER, Kind.RECORDED))
    assert may_subscribe(Role.HUB, name, own)
    assert may_publish(Role.HUB, name, others) == (own == others and MANNERS[kind].source == "hub")
    assert may_subscribe(Role.HUB, name, others) == (own == others)
    assert not may_publish(Role.HUB, name, ANNOUNCE)
    assert not clears_only(Role.HUB, name, own)


@given(HUBS, st.text(max_size=40))
def test_whatever_a_hub_may_publish_on_names_it(name: str, topic: str) -> None:
    for text in (topic, f"{ROOT}/{topic}", f"{ROOT}/{name}/device/{topic}/event"):
        if may_publish(Role.HUB, name, text):
            assert text.split("/")[2] == name


@given(HUBS, KINDS, DEVICES)
def test_a_bridge_hears_all_orders_and_clears_what_is_retained(
    hub: str, kind: Kind, device: str
) -> None:
    topic = a_topic(kind, hub, device)
    assert may_subscribe(Role.BRIDGE, "office", topic)
    is_its_own = MANNERS[kind].source == "bridge"
    assert may_publish(Role.BRIDGE, "office", topic) == (is_its_own or MANNERS[kind].retain)
    assert clears_only(Role.BRIDGE, "office", topic) == MANNERS[kind].retain
    assert may_publish(Role.BRIDGE, "office", ANNOUNCE)
    assert not clears_only(Role.BRIDGE, "office", ANNOUNCE)


@given(HUBS, KINDS, DEVICES)
def test_a_viewer_hears_what_is_for_all_and_says_nothing(hub: str, kind: Kind, device: str) -> None:
    topic = a_topic(kind, hub, device)
    assert may_subscribe(Role.VIEWER, "wall", topic) == (MANNERS[kind].audience == "all")
    assert not may_publish(Role.VIEWER, "wall", topic)
    assert not may_publish(Role.VIEWER, "wall", ANNOUNCE)


def test_each_may_subscribe_to_what_the_contract_has_it_subscribe_to() -> None:
    assert all(may_subscribe(Role.HUB, "bench-a", name) for name, _ in hub_filters("bench-a"))
    assert all(may_subscribe(Role.BRIDGE, "office", name) for name, _ in bridge_filters())
    assert all(may_subscribe(Role.VIEWER, "wall", name) for name, _ in viewer_filters())


@pytest.mark.parametrize(
    ("role", "asked"),
    [
        *((role, "#") for role in Role),
        *((role, "+/#") for role in Role),
        *((role, "+/v1/#") for role in Role),
        *((role, "$SYS/#") for role in Role),
        *((role, f"$share/all/{ROOT}/bench-a/presence") for role in Role),
        (Role.HUB, f"{ROOT}/+/device/+/event"),
        (Role.HUB, f"{ROOT}/+/order"),
        (Role.HUB, f"{ROOT}/_all/#"),
        (Role.HUB, f"{ROOT}/bench-a2/order"),
        (Role.HUB, "$SYS/broker/clients"),
        (Role.VIEWER, f"{ROOT}/#"),
        (Role.VIEWER, f"{ROOT}/bench-a/#"),
        (Role.VIEWER, f"{ROOT}/bench-a/+"),
        (Role.VIEWER, f"{ROOT}/+/device/#"),
        (Role.VIEWER, f"{ROOT}/+/device/+/+"),
        (Role.VIEWER, "$SYS/broker/clients"),
    ],
)
def test_a_wildcard_never_reaches_further_than_what_is_granted(role: Role, asked: str) -> None:
    assert not may_subscribe(role, "bench-a", asked)


@pytest.mark.parametrize(
    "asked",
    ["", f"{ROOT}/bench-a/#/event", f"{ROOT}/bench-a/ev+nt", f"{ROOT}/a#", f"{ROOT}/a\0b"],
)
def test_what_is_no_filter_is_refused(asked: str) -> None:
    assert not may_subscribe(Role.BRIDGE, "office", asked)
    assert not may_subscribe(Role.HUB, "bench-a", asked)


@pytest.mark.parametrize("topic", ["", f"{ROOT}/+/order", f"{ROOT}/#", f"{ROOT}/\0/order"])
def test_what_is_no_topic_is_refused(topic: str) -> None:
    assert not may_publish(Role.BRIDGE, "office", topic)
    assert not clears_only(Role.BRIDGE, "office", topic)


def test_a_narrower_filter_than_the_granted_one_will_do() -> None:
    assert may_subscribe(Role.HUB, "bench-a", f"{ROOT}/bench-a/device/+/event")
    assert may_subscribe(Role.VIEWER, "wall", f"{ROOT}/bench-a/device/+")
    assert may_subscribe(Role.BRIDGE, "office", "$SYS/broker/clients/#")


@given(HUBS, DEVICES, KINDS)
def test_ids_need_encoding_and_the_table_speaks_of_encoded_ones(
    hub: str, device: str, kind: Kind
) -> None:
    topic = a_topic(kind, hub, device)
    assert parse(topic).hub == hub
    assert may_subscribe(Role.HUB, hub, topic)
