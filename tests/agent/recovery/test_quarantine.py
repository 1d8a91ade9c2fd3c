"""A place at which job after job breaks takes none until it is released, and tells why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.recovery.quarantine import Quarantines, Record, waiting
from flashyard.contract.faults import Code, fault
from flashyard.contract.phases import Phase
from flashyard.contract.troubles import Quarantine
from support.faults import refused

HERE, THERE = "pci-0000:00:14.0-usb-0:1", "pci-0000:00:14.0-usb-0:2"
LOST = fault(Code.LINK_LOST)
OF_THE_PLACE = {
    Code.USB_UNPLUGGED,
    Code.LINK_LOST,
    Code.DEVICE_SILENT,
    Code.TIMED_OUT,
    Code.PROTOCOL_ERROR,
}


class Kept:
    """What a journal would have."""

    def __init__(self, limit: int = 3) -> None:
        self.records: dict[str, Record] = {}
        self.places = self.again(limit)

    def again(self, limit: int = 3) -> Quarantines:
        """The same after a restart of the hub."""
        places = Quarantines(limit, lambda: 1_703_001_234_000, self._keep)
        places.restore(self.records.items())
        return places

    def _keep(self, place: str, record: Record | None) -> None:
        if record is None:
            del self.records[place]
        else:
            self.records[place] = record


def test_the_third_fault_in_a_row_shuts_the_place_and_says_why() -> None:
    places = Kept().places
    assert [places.broke(HERE, LOST, Phase.WRITING) for _ in range(3)] == [False, False, True]
    assert places.at(HERE) == Quarantine(
        since=1_703_001_234_000, faults=3, code=Code.LINK_LOST, error=LOST.sentence
    )
    with refused(Code.QUARANTINED) as refusal:
        places.check(HERE)
    assert refusal.fault.details == f"3 jobs in a row broke there, the last with: {LOST.sentence}"
    places.check(THERE)


def test_a_job_that_was_carried_out_starts_the_count_anew() -> None:
    places = Kept().places
    for _ in range(4):
        places.broke(HERE, LOST, Phase.WRITING)
        places.broke(HERE, LOST, Phase.WRITING)
        places.worked(HERE)
    assert places.at(HERE) is None


def test_every_place_is_counted_by_itself() -> None:
    places = Kept().places
    for place in (HERE, THERE, HERE, THERE):
        places.broke(place, LOST, Phase.WRITING)
    assert places.at(HERE) is None
    assert places.at(THERE) is None


@pytest.mark.parametrize("code", list(Code))
def test_what_says_nothing_of_the_place_is_not_counted(code: Code) -> None:
    places = Kept(limit=1).places
    assert places.broke(HERE, fault(code), Phase.WRITING) == (code in OF_THE_PLACE)


def test_what_broke_before_the_device_was_talked_to_is_not_counted() -> None:
    places = Kept(limit=1).places
    places.broke(HERE, fault(Code.TIMED_OUT), Phase.PREPARING)
    assert places.at(HERE) is None


def test_a_limit_of_none_shuts_no_place() -> None:
    places = Kept(limit=0).places
    for _ in range(100):
        assert not places.broke(HERE, LOST, Phase.WRITING)
    assert places.at(HERE) is None


def test_only_a_release_opens_a_place_again() -> None:
    kept = Kept(limit=1)
    kept.places.broke(HERE, LOST, Phase.WRITING)
    kept.places.worked(HERE)
    assert kept.places.at(HERE) is not None
    assert kept.places.release(HERE)
    assert kept.places.at(HERE) is None
    assert not kept.records
    assert not kept.places.release(HERE)


def test_a_release_starts_the_count_anew() -> None:
    places = Kept().places
    places.broke(HERE, LOST, Phase.WRITING)
    places.broke(HERE, LOST, Phase.WRITING)
    assert not places.release(HERE)
    assert not places.broke(HERE, LOST, Phase.WRITING)


def test_what_jobs_wait_for_fits_into_a_stage() -> None:
    places = Kept(limit=1).places
    places.broke(HERE, fault(Code.LINK_LOST, "x" * 1000), Phase.WRITING)
    shut = places.at(HERE)
    assert shut is not None
    assert waiting(shut).startswith("The port is in quarantine: xxx")
    assert len(waiting(shut)) == 200


@given(st.lists(st.sampled_from(["broke", "worked", "released", "restarted"]), max_size=40))
def test_the_count_and_the_quarantine_survive_every_restart(events: list[str]) -> None:
    kept, faults, is_shut = Kept(), 0, False
    places = kept.places
    for event in events:
        match event:
            case "broke":
                faults += 1
                is_shut = is_shut or faults >= 3
                places.broke(HERE, LOST, Phase.WRITING)
            case "worked":
                faults = 0
                places.worked(HERE)
            case "released":
                faults, is_shut = 0, False
                places.release(HERE)
            case _:
                places = kept.again()
        assert (places.at(HERE) is not None) == is_shut
