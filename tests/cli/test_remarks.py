from __future__ import annotations

from flashyard.cli.remarks import REMARKS
from flashyard.cli.table import when
from flashyard.contract.expected import Expected
from flashyard.contract.faults import Code
from flashyard.contract.limits import Limits
from flashyard.contract.model import Model
from flashyard.contract.records import Hub, Unrecorded
from flashyard.contract.troubles import Quarantine, Trouble
from support.facts import START, a_device, a_job

HUB = Hub(
    hub_id="bench-a",
    online=True,
    session="s1",
    since=START,
    version="0.1.0",
    limits=Limits(max_parallel=8),
)


def remarks(record: Model) -> dict[str, str]:
    """What there is to tell of a record."""
    told = {head: tell(record) for head, tell in REMARKS.items()}
    return {head: words for head, words in told.items() if words}


def test_of_what_is_ordinary_nothing_is_remarked() -> None:
    assert remarks(a_job(transfer_speed=1)) == remarks(a_device()) == remarks(HUB) == {}


def test_a_waiting_job_has_its_place_and_its_reason() -> None:
    job = a_job(status="queued", started_at=None, position=2, stage="Waiting for the device")
    assert remarks(job) == {"PLACE": "2", "WHY": "Waiting for the device"}


def test_what_is_usual_for_a_job_is_remarked() -> None:
    usual = Expected(duration_ms=80_000, samples=3, basis=("image",), phases=())
    assert remarks(a_job(expected=usual, transfer_speed=1)) == {"USUALLY": "1:20"}


def test_a_limit_is_remarked_of_jobs_devices_and_hubs() -> None:
    hub = HUB.with_(limits=Limits(max_parallel=8, bandwidth_limit=2048))
    for record in (
        a_job(bandwidth_limit=2048, transfer_speed=1),
        a_device(bandwidth_limit=2048),
        hub,
    ):
        assert remarks(record) == {"LIMIT": "2.00 KiB/s"}


def test_a_quarantine_and_a_trouble_are_told_with_their_sentences() -> None:
    why = Quarantine(since=1, faults=3, code=Code.LINK_LOST, error="The link broke.")
    assert remarks(a_device(quarantine=why)) == {
        "QUARANTINE": "3 faults, the last: The link broke."
    }
    trouble = Trouble(code=Code.DISK_FULL, error="The disk is full.", since=1)
    assert remarks(HUB.with_(troubles=(trouble,))) == {"TROUBLE": "The disk is full."}
    assert remarks(HUB.with_(troubles=(trouble,), online=False)) == {}


def test_a_hub_with_jobs_that_are_not_on_record_has_them_counted_also_while_it_is_away() -> None:
    for online in (True, False):
        hub = HUB.with_(online=online, unrecorded=Unrecorded(waiting=2, since=START))
        assert remarks(hub) == {"UNRECORDED": f"2 jobs since {when(START)}"}
    hub = HUB.with_(unrecorded=Unrecorded(waiting=2, since=START, lost=1))
    assert remarks(hub) == {"UNRECORDED": f"2 jobs since {when(START)}, 1 lost"}
    assert remarks(HUB.with_(unrecorded=Unrecorded(waiting=0, lost=3))) == {"UNRECORDED": "3 lost"}
