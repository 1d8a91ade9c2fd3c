from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from flashyard.contract.model import DeviceId
from flashyard.flash.ports.names import Names, is_generic, slug

HERE, THERE = "pci-0000:00:14.0-usb-0:1", "pci-0000:00:14.0-usb-0:2"


def test_a_device_is_called_after_its_serial_wherever_it_is(tmp_path: Path) -> None:
    names = Names(tmp_path / "names.json")
    assert names.name("PHONE_1", HERE, {}) == names.name("PHONE_1", THERE, {}) == "PHONE_1"


def test_a_device_without_a_serial_is_called_after_its_place(tmp_path: Path) -> None:
    names = Names(tmp_path / "names.json")
    for missing in (None, "????????????", "0123456789ABCDEF", "000000", "unknown"):
        here, there = names.name(missing, HERE, {}), names.name(missing, THERE, {})
        assert here != there
        assert here == names.name(missing, HERE, {there: THERE})


def test_two_devices_of_one_serial_keep_their_names_by_place_over_restarts(tmp_path: Path) -> None:
    file = tmp_path / "hub" / "names.json"
    names = Names(file)
    first = names.name("TWIN", HERE, {})
    second = names.name("TWIN", THERE, {first: HERE})
    assert first == "TWIN" != second
    again = Names(file)
    again.load()
    assert again.name("TWIN", THERE, {}) == second
    assert again.name("TWIN", HERE, {second: THERE}) == first


def test_a_serial_that_a_network_device_has_as_its_id_is_not_taken_twice(tmp_path: Path) -> None:
    names = Names(tmp_path / "names.json")
    assert names.name("PHONE_1", HERE, {"PHONE_1": "tcp:127.0.0.1:5554"}) != "PHONE_1"


def test_a_file_that_is_rubbish_is_as_good_as_none(tmp_path: Path) -> None:
    file = tmp_path / "names.json"
    for rubbish in (b"\xff", b"[1]", b'{"A": 1}', b"{"):
        file.write_bytes(rubbish)
        names = Names(file)
        names.load()
        assert names.name("PHONE_1", HERE, {}) == "PHONE_1"


@given(st.text(max_size=200), st.text(min_size=1, max_size=200))
def test_every_serial_makes_an_id(serial: str, other: str) -> None:
    valid: TypeAdapter[str] = TypeAdapter(DeviceId)
    assert valid.validate_python(slug(serial)) == slug(slug(serial))
    assert (slug(serial) == slug(other)) is (serial == other)


def test_everyday_serials_are_not_generic() -> None:
    for serial in ("9B011FFAZ0012", "R58M123ABCD", "emulator-5554", "1A2B"):
        assert not is_generic(serial)
