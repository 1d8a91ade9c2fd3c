"""The hub's way out: where each report goes, and what is kept while nobody takes it."""

from __future__ import annotations

from flashyard.agent.dossier import Dossier
from flashyard.agent.ports import Port
from flashyard.agent.sight import Sight
from flashyard.contract.faults import Code, fault
from flashyard.contract.topics import Kind
from flashyard.flash.fastboot.transport import Address
from support.told import Told


def over() -> Told:
    told = Told()
    told.story.started()
    told.story.fail(fault(Code.INTERNAL), None)
    told.link.sheets.clear()
    return told


def test_job_records_alone_outlive_a_link_that_is_down() -> None:
    told = over()
    told.link.is_up = False
    record = told.story.record()
    for _ in range(150):
        told.post.record(record)
    told.link.is_up = True
    told.post.send_kept()
    told.post.send_kept()
    assert [sheet.topic.kind for sheet in told.link.sheets] == [Kind.RECORD] * 100
    told.link.check_manners()


def test_device_records_wait_until_the_old_ones_were_read() -> None:
    told = over()
    port = Port("DEVICE_1", Address("tcp", "127.0.0.1", 5554))
    said = Dossier(port, "bench-a", "session").build(5, Sight(1, 3), None, [], [])
    told.post.device(said)
    assert told.link.sheets == []
    told.post.tell_devices()
    told.post.device(said)
    assert [sheet.report for sheet in told.link.sheets] == [said]
    told.link.check_manners()


def test_a_clear_is_an_empty_retained_payload() -> None:
    told = over()
    told.post.clear("DEVICE_1")
    [sheet] = told.link.sheets
    assert (sheet.payload, sheet.retain, sheet.qos) == (b"", True, 1)
    assert (sheet.topic.kind, sheet.topic.device) == (Kind.DEVICE, "DEVICE_1")
