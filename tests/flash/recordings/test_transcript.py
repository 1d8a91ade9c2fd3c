from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.recordings.transcript import Act, Call, RecordingError, Transcript

PACKETS = st.binary(max_size=60) | st.text(st.characters(codec="ascii")).map(str.encode)
CALLS = st.one_of(
    st.builds(
        Call,
        st.integers(0, 1 << 30),
        st.sampled_from([Act.SEND, Act.RECEIVE]),
        packet=st.none() | PACKETS,
        fault=st.none() | st.sampled_from(Code),
    ),
    st.builds(Call, st.integers(0), st.just(Act.OPEN), size=st.integers(0)),
    st.builds(
        Call,
        st.integers(0),
        st.just(Act.PUSH),
        size=st.integers(0),
        sha256=st.sampled_from(["", "0f" * 32]),
        calls=st.integers(1),
    ),
)


@given(CALLS)
def test_a_call_is_read_as_it_was_written(call: Call) -> None:
    assert Call.decode(json.loads(json.dumps(call.encode()))) == call


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    calls = (
        Call(0, Act.SEND, b"getvar:product"),
        Call(3, Act.RECEIVE, b"OKAY\xffodd\n"),
        Call(9, Act.RECEIVE, fault=Code.DEVICE_SILENT, details="nothing"),
    )
    whole = Transcript(
        what="All there is.",
        when="2026-11-23T07:39:00+00:00",
        by="flashyard",
        transport="usb",
        breaks_off=False,
        product="odd",
        limits={"getvar": 5.0},
        calls=calls,
        job={"partition": "boot"},
        ended="device_silent",
    )
    path = tmp_path / "one.jsonl"
    whole.write(path)
    assert Transcript.read(path) == whole
    assert list(tmp_path.iterdir()) == [path]
    text = path.read_text("ascii")
    assert '{"at":0,"send":"getvar:product"}\n' in text
    assert '{"at":3,"receive":{"base64":"T0tBWf9vZGQK"}}\n' in text
    assert text.endswith('"receive":null,"fault":"device_silent","details":"nothing"}\n')


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "line 1"),
        (b"{}", "line 1"),
        (b"\xff", "line 1"),
        (b'{"flashyard-recording":2}', "of format 2, not 1"),
        (b"[" * 100_000, "line 1"),
    ],
)
def test_what_is_no_recording_is_told_in_a_sentence(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "other.jsonl"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=words):
        Transcript.read(path)


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    Transcript(what="", transport="tcp", breaks_off=True, calls=(Call(0, Act.OPEN),)).write(path)
    path.write_text(path.read_text() + '{"at":1,"sing":"a song"}\n')
    with pytest.raises(RecordingError, match=r"one\.jsonl, line 3"):
        Transcript.read(path)


def test_a_file_of_any_size_takes_no_more_memory_than_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "huge.jsonl"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RecordingError, match="larger than any recording"):
        Transcript.read(path)
