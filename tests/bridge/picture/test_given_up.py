"""A bridge says of a job that it gives up who had it started, where that was through it."""

from __future__ import annotations

from flashyard.contract.messages import FlashFailed
from flashyard.contract.orders import Receipt
from flashyard.contract.phases import Status
from flashyard.contract.requester import Requester
from flashyard_bridge.picture.fleet import Fleet
from flashyard_bridge.picture.given_up import record_of
from support.hub_script import HubScript
from support.told import ORDER

ALICE = Requester(identity="alice")
JOBS = tuple(f"job_1703001234_abc{number:03}" for number in range(2))


class Room:
    """A fleet whose hub was heard, and is removed while it has a job."""

    def __init__(self) -> None:
        self.hub = HubScript()
        self.fleet = Fleet(lambda: self.hub.now, lambda: 0.0, max_finished=1)
        self.fleet.link_up(self.hub.now)

    def hear_all(self, job_id: str) -> None:
        for said in (self.hub.presence(), self.hub.record(), *self.hub.start(job_id)):
            self.fleet.report(said.topic, said.report, said.payload)

    def accept(self, job_id: str) -> None:
        hub = self.hub
        order = ORDER.with_(job_id=job_id, device_id=hub.device_id, session=hub.session)
        receipt = Receipt(
            order_id=order.order_id, accepted=True, job_id=job_id, status=Status.RUNNING
        )
        self.fleet.accepted(order.with_(asked_by=ALICE), hub.hub_id, receipt)

    def give_up(self) -> FlashFailed:
        frames = self.fleet.cleared(self.hub.presence().topic)
        [said] = [each.message for each in frames if isinstance(each.message, FlashFailed)]
        return said


def test_whom_the_order_named_had_it_started_whoever_spoke_first() -> None:
    for is_hub_first in (True, False):
        room = Room()
        if is_hub_first:
            room.hear_all(JOBS[0])
        room.accept(JOBS[0])
        if not is_hub_first:
            room.hear_all(JOBS[0])
        record = record_of(room.fleet, room.give_up())
        assert record is not None
        assert record.asked_by == ALICE


def test_nobody_is_named_for_a_job_that_was_started_elsewhere() -> None:
    room = Room()
    room.hear_all(JOBS[0])
    record = record_of(room.fleet, room.give_up())
    assert record is not None
    assert record.asked_by is None


def test_who_asked_is_forgotten_with_the_job() -> None:
    room = Room()
    for job_id in JOBS:
        room.hub = HubScript()
        room.hear_all(job_id)
        room.accept(job_id)
        room.give_up()
    assert [room.fleet.asked_by(job_id) for job_id in JOBS] == [None, ALICE]
