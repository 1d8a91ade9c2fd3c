"""Of a device its hub's newest word counts, and none is lost that comes before the hub's own."""

from __future__ import annotations

from flashyard.contract.messages import DeviceChanged
from flashyard_bridge.picture.devices import DeviceBook
from support.hub_script import HubScript


def said(session: str, rev: int) -> DeviceChanged:
    """Make what the script's hub says of its device."""
    report = HubScript().record().report
    assert isinstance(report, DeviceChanged)
    return report.with_(device=report.device.with_(session=session, rev=rev))


def test_an_older_record_of_the_same_session_is_not_taken() -> None:
    book, new = DeviceBook(), said("one", 3)
    assert book.take(new, "one")
    assert not book.take(said("one", 2), "one")
    assert book.all() == [new.device]
    assert book.take(said("two", 1), "two"), "another session counts anew"


def test_a_record_that_comes_before_its_hub_waits_for_that_hubs_session() -> None:
    book, early = DeviceBook(), said("two", 1)
    assert not book.take(early, None)
    assert not book.take(early, "one")
    assert book.all() == []
    assert book.held(early.hub_id, "one") == []
    assert book.held(early.hub_id, "two") == [early]
    assert book.take(early, "two")
    assert book.held(early.hub_id, "two") == []
    assert not book.drop(early.hub_id, "NONE")
    assert book.drop(early.hub_id, early.device_id)
