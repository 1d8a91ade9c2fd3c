"""What is decided of a device, whatever happens to it: flashed once per serial, never in a loop."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.records import Device
from flashyard.contract.standing import Place, StandingOrder
from flashyard_bridge.standing.decision import Crowd, governing, judge, means
from flashyard_bridge.standing.mark import MAX_TRIES, Mark, State
from support.facts import a_device

ORDER = StandingOrder(
    id="standing_1",
    where=Place(device_id="*"),
    flash={"partition": "boot"},
    enabled=True,
    created_at=1,
)
ALONE = Crowd({}, frozenset())


def device(**facts: Any) -> Device:
    return a_device(**{"serial": "SERIAL_1", "device_id": "SERIAL_1", "session": "s1", **facts})


def mark(state: State = State.FAILED, **facts: Any) -> Mark:
    told = Mark("SERIAL_1", state, "bench-a", "SERIAL_1", "s1", tries=1, at=1, job_id="job")
    return replace(told, **facts)


@pytest.mark.parametrize(
    ("where", "facts", "is_meant"),
    [
        ({"device_id": "SERIAL_*"}, {}, True),
        ({"device_id": "serial_*"}, {}, False),
        ({"port": "usb-1.*"}, {"port": "usb-1.4"}, True),
        ({"port": "usb-1.*"}, {"port": None}, False),
        ({"product": "oriole"}, {"product": "oriole", "emulated": False}, True),
        ({"product": "oriole"}, {"product": None}, False),
        ({"product": "oriole", "port": "usb-1.*"}, {"product": "oriole", "port": "usb-2"}, False),
        ({"hub_id": "bench-a"}, {}, True),
        ({"hub_id": "bench-b"}, {}, False),
        ({"emulated": False, "device_id": "*"}, {"emulated": True}, False),
        ({"emulated": True, "device_id": "*"}, {"emulated": True}, True),
        ({"device_id": "*"}, {"mode": "storage"}, False),
    ],
)
def test_all_that_an_order_says_of_a_device_must_fit(
    where: dict[str, Any],
    facts: dict[str, Any],
    is_meant: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert means(ORDER.with_(where=Place(**where)), device(**facts)) is is_meant


def test_an_order_for_disks_means_disks_alone() -> None:
    disks = ORDER.with_(flash={"partition": "disk"})
    assert means(disks, device(mode="storage"))
    assert not means(disks, device())


def test_a_device_is_under_the_oldest_order_that_is_on() -> None:
    off, on, later = ORDER.with_(enabled=False), ORDER.with_(id="b"), ORDER.with_(id="c")
    found = governing([off, on, later], device())
    assert found is not None
    assert found.id == "b"
    assert governing([off], device()) is None


@pytest.mark.parametrize(
    ("facts", "done"),
    [
        ({}, "due"),
        ({"mode": "adb", "hint": "Run adb reboot bootloader."}, "due"),
        ({"hint": "adb holds it."}, "due"),
        ({"online": False}, "due"),
        ({"serial": "0123456789ABCDEF"}, "skipped"),
        ({"serial": None}, "skipped"),
        ({"transport": "usb", "serial": "usb-1.4", "device_id": "usb-1.4"}, "skipped"),
        ({"transport": "tcp", "serial": "PIXEL", "device_id": "PIXEL"}, "due"),
    ],
)
def test_only_what_is_there_and_can_be_told_from_all_others_is_started(
    facts: dict[str, Any], done: str
) -> None:
    verdict = judge(device(**facts), None, ALONE)
    assert verdict.done == done
    assert verdict.is_to_start is (verdict.why is None)
    assert verdict.is_to_start is (facts == {} or facts.get("serial") == "PIXEL")


def test_of_two_with_one_serial_none_is_started() -> None:
    twins = [device(), device(device_id="SERIAL_1@abcd")]
    assert judge(twins[0], None, Crowd.of(twins, ())).done == "skipped"
    assert judge(twins[0], mark(State.FLASHED), Crowd.of(twins, ())).done == "flashed"
    gone = [twins[0], twins[1].with_(online=False)]
    assert judge(twins[0], None, Crowd.of(gone, ())).is_to_start


def test_a_device_with_another_job_waits() -> None:
    busy = Crowd.of([device()], [("bench-a", "SERIAL_1")])
    assert judge(device(), None, busy) == ("due", "Another job comes first.", False)


@pytest.mark.parametrize(
    ("sights", "may_try"),
    [
        ([], False),
        ([{"online": False}], False),  # it must come back, too
        ([{"online": False}, {"online": True}], True),
        ([{"online": True}], False),
        ([{"online": True, "hub_id": "bench-b"}], True),
        # A hub that is started anew says nothing of plugs.
        ([{"online": True, "session": "s2"}], False),
        ([{"online": False, "session": "s2"}, {"online": True, "session": "s2"}], False),
        ([{"online": False}, {"online": True, "session": "s2"}], False),
        (
            [
                {"online": True, "session": "s2"},
                {"online": False, "session": "s2"},
                {"online": True, "session": "s2"},
            ],
            True,
        ),
    ],
)
def test_a_failed_one_is_tried_again_only_when_it_was_plugged_in_anew(
    sights: list[dict[str, Any]],
    may_try: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    known, last = mark(), device()
    for facts in sights:
        last = device(**facts)
        known = known.seen(last)
    assert judge(last, known, ALONE).is_to_start is may_try


# A whole life: what may happen to one device and its order, in any sequence.
EVENTS = st.lists(
    st.sampled_from(
        ["plug", "unplug", "adb", "fastboot", "hub", "other hub", "fails", "completes", "bridge"]
    ),
    max_size=60,
)


@given(EVENTS)
def test_whatever_happens_a_serial_is_flashed_once_and_tried_a_few_times(events: list[str]) -> None:
    now, known, plugs = device(online=False), None, 0
    starts: Counter[str] = Counter()
    plugs_at_start = -1
    for number, event in enumerate(events):
        match event:
            case "plug":
                plugs += not now.online
                now = now.with_(online=True)
            case "unplug":
                now = now.with_(online=False)
            case "adb" | "fastboot":
                now = now.with_(mode=event)
            case "hub":
                now = now.with_(session=f"r{number}")
            case "other hub":
                plugs += 1
                now = now.with_(online=True, hub_id=f"bench-{number}", session=f"o{number}")
            case "fails" | "completes" if known is not None and known.state is State.RUNNING:
                state = State.FLASHED if event == "completes" else State.FAILED
                known = replace(known, state=state, unplugged=False)
                starts[event] += 1
        if known is not None:
            known = known.seen(now)
        verdict = judge(now, known, ALONE)
        if verdict.is_to_start:
            assert now.online
            assert now.mode == "fastboot"
            assert starts["completes"] == 0, "once per serial"
            assert plugs > plugs_at_start, "a failed one is tried again for a new plug alone"
            tries = known.tries + 1 if known else 1
            assert tries <= MAX_TRIES
            known = mark(
                State.RUNNING, hub_id=now.hub_id, session=now.session, tries=tries, job_id="job"
            )
            starts["started"] += 1
            plugs_at_start = plugs
    assert starts["completes"] <= 1
    assert starts["started"] <= MAX_TRIES
