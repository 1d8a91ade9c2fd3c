"""The recordings in this folder are what comes of recording them: nothing in them is made up."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from flashyard.flash.recordings.transcript import Act, Call, Transcript
from support.scenarios import SCENARIOS

HERE = Path(__file__).parent


def script() -> ModuleType:
    found = importlib.util.spec_from_file_location("record", HERE / "record.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def essence(transcript: Transcript, *, ragged: bool) -> list[Call]:
    """What is the same every time: not when, nor how many bytes a broken link had taken."""
    plain = [replace(call, at=0, calls=1, details=None) for call in transcript.calls]
    if ragged:
        plain = [replace(call, size=0, sha256="") for call in plain]
        return [call for call in plain if call.act is not Act.PUSH and call.fault is None]
    return plain


def test_every_scenario_has_its_recording_and_what_is_written_says_so() -> None:
    for name, scenario in SCENARIOS.items():
        header = Transcript.read(HERE / f"{name}.jsonl")
        assert (header.made == "written") == (scenario.device is not None) == ("written" in name)
        assert (header.what, header.transport) == (scenario.what, scenario.transport)
        assert header.when
        assert header.by


@pytest.mark.long
@pytest.mark.parametrize("name", SCENARIOS)
def test_recorded_anew_it_is_the_same(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name]
    kept = Transcript.read(HERE / f"{name}.jsonl")
    anew = script().record(scenario, tmp_path)
    assert anew.ended == kept.ended
    assert essence(anew, ragged=scenario.ragged) == essence(kept, ragged=scenario.ragged)
