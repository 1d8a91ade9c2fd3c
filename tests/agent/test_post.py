"""The hub's way out: where each report goes, and what does not go yet."""

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


def test_whoever_has_a_record_told_learns_whether_the_link_took_it() -> None:
    told = over()
    payload = told.story.record().encode()
    told.link.is_up = False
    assert not told.post.record(payload)
    told.link.is_up = True
    assert told.post.record(payload)
    [sheet] = told.link.sheets
    assert (sheet.topic.kind, sheet.payload) == (Kind.RECORD, payload)
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
