"""What waits to be stored: hubs tell their records again, a bridge's own word nobody does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import FlashFailed
from flashyard.contract.phases import Phase
from flashyard.contract.tracked import Frame
from flashyard.link import Link
from flashyard_bridge.database.database import Database
from flashyard_bridge.history import archivist as keeping
from flashyard_bridge.history.archivist import Archivist
from flashyard_bridge.history.history import History
from flashyard_bridge.picture.fleet import Fleet
from support.records import ended_job, record_of


@pytest.fixture
def archivist(monkeypatch: pytest.MonkeyPatch) -> Archivist:
    def known(_fleet: Fleet, said: FlashFailed) -> JobRecord:
        return record_of(ended_job(job_id=said.job_id))

    monkeypatch.setattr(keeping, "MOST", 2)
    monkeypatch.setattr(keeping, "record_of", known)
    link = Link("mqtt://127.0.0.1:1", "bridge", on_message=lambda *_: None)
    fleet = Fleet(lambda: 0, lambda: 0.0)
    return Archivist(History(Database("sqlite://")), fleet, link, lambda: 0)


def given_up(*job_ids: str) -> Sequence[Frame]:
    return [
        Frame.made(
            FlashFailed(
                job_id=job_id,
                device_id="UNIT_1",
                hub_id="hub-1",
                timestamp=1,
                seq=2,
                phase=Phase.FAILED,
                error="The hub was lost.",
                code=Code.HUB_LOST,
                by="bridge",
            )
        )
        for job_id in job_ids
    ]


def test_of_records_that_hubs_tell_again_only_so_many_wait(archivist: Archivist) -> None:
    for number in range(3):
        archivist.take(record_of(ended_job(number)))
    assert archivist.waiting == 2


def test_an_end_that_a_bridge_wrote_waits_however_many_others_do(archivist: Archivist) -> None:
    for number in range(3):
        archivist.take(record_of(ended_job(number)))
    archivist.hear(given_up("job_1700000000_lost01", "job_1700000000_lost02"))
    assert archivist.waiting == 4
