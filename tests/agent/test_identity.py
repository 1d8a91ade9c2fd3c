"""Who a hub is: the same after each start, valid whatever its host is called."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from flashyard.agent.identity import hub_id_of, kept_hub_id, new_session
from flashyard.contract.faults import Code
from flashyard.contract.model import HubId, Token
from flashyard.settings import HubSettings
from support.faults import refused

HUB_ID: TypeAdapter[str] = TypeAdapter(HubId)


@given(st.text(max_size=80))
def test_any_host_name_makes_a_valid_id_which_is_kept(host: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        made = kept_hub_id(Path(directory) / "hub", host)
        HUB_ID.validate_python(made)
        assert kept_hub_id(Path(directory) / "hub", "renamed") == made


def test_the_host_can_be_recognised(tmp_path: Path) -> None:
    name, _, digits = kept_hub_id(tmp_path, "Rack-3.lab.example.org").rpartition("-")
    assert name == "rack-3-lab-example-org"
    assert len(digits) == 4


@pytest.mark.parametrize("rubbish", [b"", b"Not An Id\n", b"\xff\xfe"])
def test_a_damaged_file_is_replaced(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / "hub-id").write_bytes(rubbish)
    made = kept_hub_id(tmp_path, "host")
    assert made.startswith("host-")
    assert kept_hub_id(tmp_path, "host") == made


def test_a_hub_is_who_its_broker_knows(tmp_path: Path) -> None:
    settings = HubSettings(broker="mqtt://bench-a:secret@h", data_dir=tmp_path)
    assert hub_id_of(settings) == "bench-a"
    assert not any(tmp_path.iterdir()), "nothing is kept of what somebody else decides"
    named = HubSettings(broker="mqtt://bench-a:secret@h", hub_id="bench-a", data_dir=tmp_path)
    assert hub_id_of(named) == "bench-a"


def test_a_hub_that_no_broker_knows_is_who_it_was_told_or_who_it_always_was(tmp_path: Path) -> None:
    assert hub_id_of(HubSettings(broker="mqtt://h", hub_id="told", data_dir=tmp_path)) == "told"
    kept = hub_id_of(HubSettings(broker="mqtt://h", data_dir=tmp_path))
    assert kept == kept_hub_id(tmp_path / "hub")


@pytest.mark.parametrize(
    ("url", "hub_id"),
    [
        ("mqtt://bench-a:secret@h", "bench-b"),
        ("mqtt://Bench%20A:secret@h", None),
        ("mqtt://:secret@h", None),
    ],
    ids=["another hub", "no name for a hub", "no user"],
)
def test_a_hub_is_never_two(tmp_path: Path, url: str, hub_id: str | None) -> None:
    settings = HubSettings(broker=url, hub_id=hub_id, data_dir=tmp_path)
    with refused(Code.INVALID_REQUEST):
        hub_id_of(settings)


def test_each_run_has_a_session_of_its_own() -> None:
    sessions = {new_session() for _ in range(100)}
    assert len(sessions) == 100
    TypeAdapter(list[Token]).validate_python(sorted(sessions))
