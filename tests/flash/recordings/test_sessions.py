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
    ours = source is None  # can be made anew once our client asks for something else
    replay = ReplayTransport(transcript, compare_data=ours, compare_questions=ours)
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


def test_a_recording_of_somebody_elses_outlives_what_our_client_learns_to_ask(
    tmp_path: Path,
) -> None:
    known = Transcript.read(Path(__file__).with_name("slot-b.jsonl"))
    asked = [n for n, call in enumerate(known.calls) if call.packet == b"getvar:battery-voltage"]
    older = [call for n, call in enumerate(known.calls) if n not in {asked[0], asked[0] + 1}]
    with pytest.raises(DeviationError):
        play(replace(known, calls=tuple(older)), tmp_path)
    theirs = replace(known, calls=tuple(older), job={**(known.job or {})})
    replay = ReplayTransport(theirs, compare_questions=False)
    assert known.job is not None
    assert do(known.job, opener_on(replay, limits_of(theirs)), tmp_path)[0] == "completed"
    replay.finish()


def test_what_it_is_told_to_do_must_be_the_same_all_the_same(tmp_path: Path) -> None:
    known = Transcript.read(Path(__file__).with_name("slot-b.jsonl"))
    assert known.job is not None
    replay = ReplayTransport(known, compare_questions=False)
    line = next(n for n, call in enumerate(known.calls, 2) if call.packet == b"flash:system_b")
    with pytest.raises(DeviationError, match=rf"line {line}: .*now: send b'flash:system_a'"):
        do({**known.job, "slot": "active"}, opener_on(replay, limits_of(known)), tmp_path)
