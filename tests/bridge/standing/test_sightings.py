"""What is heard of a device between two looks: no plug is lost, and no more is kept than needed."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.records import Device
from flashyard_bridge.standing.mark import Mark, State
from flashyard_bridge.standing.sightings import Sightings
from support.facts import a_device

FAILED = Mark("SERIAL_1", State.FAILED, "bench-a", "SERIAL_1", "s0", tries=1, at=1, job_id="job")


def sight(session: int, *, online: bool) -> Device:
    return a_device("SERIAL_1", serial="SERIAL_1", session=f"s{session}", online=online)


def told_of(devices: Iterable[Device]) -> Mark:
    mark = FAILED
    for device in devices:
        mark = mark.seen(device)
    return mark


@given(st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=1, max_size=12))
def test_what_is_kept_tells_a_plug_as_well_as_all_that_was_heard(
    heard: list[tuple[int, bool]],
) -> None:
    session, devices = 0, []
    for restarted, online in heard:
        session += restarted
        devices.append(sight(session, online=online))
    kept = Sightings()
    for device in devices:
        kept.add(device)
    there = sight(session, online=True)
    assert told_of([*kept, there]) == told_of([*devices, there])
    assert len(list(kept)) <= 3, "a loose plug fills no memory"


def test_devices_are_told_apart() -> None:
    kept = Sightings()
    units = [sight(0, online=True), a_device("SERIAL_2", serial="SERIAL_2", online=True)]
    units += [units[0].with_(hub_id="bench-b"), units[0].with_(serial="SERIAL_3")]
    for unit in [*units, *units]:
        kept.add(unit)
    assert list(kept) == units
