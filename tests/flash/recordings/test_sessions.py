"""Sessions that were recorded, or written after what is known of devices, done again.

A recording that somebody sent is dropped into this folder as it is.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flashyard.flash.recordings.replay import DeviationError, ReplayTransport
from flashyard.flash.recordings.transcript import Act, Transcript
from support.recorded_job import do, job_of, limits_of, opener_on

SESSIONS = sorted(Path(__file__).parent.glob("*.jsonl"))


def play(transcript: Transcript, directory: Path) -> str:
    job, source = job_of(transcript)
    replay = ReplayTransport(transcript, compare_data=source is None)
    ended, _ = do(job, opener_on(replay, limits_of(transcript)), directory, source)
    replay.finish()
    return ended


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_it_goes_as_it_went(path: Path, tmp_path: Path) -> None:
    transcript = Transcript.read(path)
    ended = play(transcript, tmp_path)
    assert transcript.ended in {None, ended}


@pytest.mark.parametrize("name", ["plain-tcp", "raw-in-parts", "silent-at-flash"])
def test_a_recording_without_its_image_and_its_job_is_played_all_the_same(
    name: str, tmp_path: Path
) -> None:
    known = Transcript.read(Path(__file__).with_name(f"{name}.jsonl"))
    assert play(replace(known, job=None), tmp_path) == known.ended


def test_another_image_is_told_from_the_one_that_was_sent(tmp_path: Path) -> None:
    known = Transcript.read(Path(__file__).with_name("plain-tcp.jsonl"))
    assert known.job is not None
    other = replace(known, job={**known.job, "image": {"generated": "other", "size": 300_000}})
    with pytest.raises(DeviationError, match="push other bytes"):
        play(other, tmp_path)


def test_a_device_that_answers_one_thing_less_is_noticed(tmp_path: Path) -> None:
    known = Transcript.read(Path(__file__).with_name("plain-udp.jsonl"))
    last = max(n for n, call in enumerate(known.calls) if call.act is Act.RECEIVE)
    shorter = replace(known, calls=known.calls[:last])
    with pytest.raises(DeviationError, match=f"line {last + 2}: the recording is over"):
        play(shorter, tmp_path)
