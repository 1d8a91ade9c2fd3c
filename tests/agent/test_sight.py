"""What counts as being there."""

from __future__ import annotations

import pytest

from flashyard.agent.sight import Sight
from flashyard.contract.faults import Code, fault
from flashyard.contract.messages import DeviceChanged
from flashyard.flash.target import Description
from support.hub_script import START, HubScript


def description(**facts: bool) -> Description:
    return Description(
        product="raven",
        serial="1",
        version=None,
        mode="fastboot",
        slots=(),
        current_slot=None,
        max_download_size=1,
        locked=None,
        battery_mv=None,
        battery_ok=None,
        emulated=facts.get("emulated", False),
    )


@pytest.fixture
def sight() -> Sight:
    return Sight(since=1000, patience=3)


def test_what_was_never_seen_is_not_there(sight: Sight) -> None:
    assert (sight.online, sight.last_seen) == (False, 1000)
    sight.missed(fault(Code.DEVICE_SILENT), counts=True)
    assert (sight.online, sight.last_seen) == (False, 1000)


def test_a_device_is_gone_after_three_misses_in_a_row(sight: Sight) -> None:
    sight.saw(2000, description())
    for _ in range(2):
        sight.missed(fault(Code.DEVICE_SILENT), counts=True)
    assert (sight.online, sight.answering) == (True, False)
    sight.saw(3000)
    for expected in (True, True, False):
        sight.missed(fault(Code.DEVICE_SILENT), counts=True)
        assert sight.online is expected
    assert (sight.last_seen, sight.description) == (3000, description())


def test_a_look_out_of_turn_is_not_held_against_it(sight: Sight) -> None:
    sight.saw(2000, description())
    for _ in range(10):
        sight.missed(fault(Code.DEVICE_SILENT), counts=False)
    assert (sight.online, sight.answering) == (True, False)


def test_a_restart_leaves_open_whether_it_answers(sight: Sight) -> None:
    sight.saw(2000, description())
    sight.lost()
    assert (sight.online, sight.answering) == (True, False)


def test_an_old_record_stands_until_the_device_speaks_for_itself(sight: Sight) -> None:
    report = HubScript().record().report
    assert isinstance(report, DeviceChanged)
    sight.remember(report.device)
    assert (sight.last_seen, sight.online, sight.is_emulated) == (START, False, False)
    sight.saw(START + 5, description(emulated=True))
    sight.remember(report.device)
    assert (sight.last_seen, sight.is_emulated) == (START + 5, True)
