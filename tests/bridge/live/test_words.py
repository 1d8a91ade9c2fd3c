"""What a browser may say, and what is no word at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flashyard.contract.messages import FlashPaused, HubGone
from flashyard.contract.phases import Phase
from flashyard_bridge.live.words import Ping, Subscribe, decode_word

_PAUSED = FlashPaused(
    job_id="job_1703001234_abc123",
    device_id="PIXEL6_001",
    hub_id="bench-a",
    timestamp=1,
    seq=3,
    phase=Phase.WRITING,
)


@pytest.mark.parametrize(
    ("stamp", "echo"),
    [
        ("17", b',"echo":17'),
        ("1.5", b',"echo":1.5'),
        ("0", b',"echo":0'),
        ("9" * 400, b',"echo":' + b"9" * 400),
        ('"17"', b""),
        ("true", b""),
        ("null", b""),
        ("NaN", b""),
        ("1e999", b""),
        ("{}", b""),
    ],
)
def test_a_pong_echoes_the_pings_own_timestamp_where_it_had_one(stamp: str, echo: bytes) -> None:
    word = decode_word(b'{"type":"ping","timestamp":%s}' % stamp.encode())
    assert isinstance(word, Ping)
    assert word.answer(5).encode() == b'{"type":"pong","timestamp":5%s}' % echo


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"ping"',
        b"17",
        b"{}",
        b'{"type":"PING"}',
        b'{"type":["ping"]}',
        b'{"type":"flash_failed","jobId":"mtk-flash-1","error":"User cancelled operation"}',
        b'{"type":"subscribe","deviceIds":"PIXEL6_001"}',
        b'{"type":"subscribe","jobIds":[1]}',
        b'{"type":"subscribe","minInterval":"500"}',
        b'{"type":"subscribe","minInterval":-1}',
        b'{"type":"subscribe","changes":"yes"}',
        b"\xff\xfe",
        b"[" * 60_000,
    ],
)
def test_anything_else_is_no_word(text: bytes) -> None:
    with pytest.raises(ValidationError):
        decode_word(text)


def test_names_are_camel_case_only() -> None:
    assert decode_word(b'{"type":"subscribe","device_ids":["a"]}') == Subscribe()


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(text: bytes) -> None:
    with pytest.raises(ValidationError):
        decode_word(text)


@pytest.mark.parametrize(
    ("wish", "admitted"),
    [
        (Subscribe(), True),
        (Subscribe(device_ids=frozenset({"PIXEL6_001"})), True),
        (Subscribe(device_ids=frozenset({"OTHER"})), False),
        (Subscribe(device_ids=frozenset()), False),
        (Subscribe(job_ids=frozenset({"job_1703001234_abc123"})), True),
        (Subscribe(job_ids=frozenset({"job_1703001234_abc124"})), False),
        (Subscribe(hub_ids=frozenset({"bench-a"})), True),
        (Subscribe(hub_ids=frozenset({"bench-b"})), False),
        (Subscribe(hub_ids=frozenset({"bench-a"}), device_ids=frozenset({"OTHER"})), False),
    ],
)
def test_all_filters_that_are_given_must_hold(*, wish: Subscribe, admitted: bool) -> None:
    assert wish.admits(_PAUSED) is admitted


def test_a_filter_judges_only_ids_that_a_message_has() -> None:
    gone = HubGone(hub_id="bench-a", timestamp=1)
    assert Subscribe(device_ids=frozenset({"OTHER"})).admits(gone)
    assert not Subscribe(hub_ids=frozenset({"bench-b"})).admits(gone)
