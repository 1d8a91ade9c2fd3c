"""What was packed is what it was, whichever words it was packed with."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard_bridge.history import packing
from flashyard_bridge.history.packing import pack, unpack
from support.records import ended_job, record_of


@given(st.binary(max_size=5000))
def test_any_text_is_what_it_was(text: bytes) -> None:
    assert unpack(pack(text)) == text


def test_the_words_that_were_released_are_never_changed() -> None:
    assert zlib.adler32(packing._FIRST) == 0x80DFFB0C
    assert packing._WORDS[zlib.adler32(packing._FIRST)] == packing._FIRST


def test_what_was_packed_with_other_words_or_with_none_is_read_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = record_of(ended_job()).encode()
    older = pack(text)
    newer = b"words that nobody knew before"
    monkeypatch.setattr(packing, "_NEWEST", newer)
    monkeypatch.setitem(packing._WORDS, zlib.adler32(newer), newer)
    assert pack(text) != older
    assert unpack(older) == unpack(pack(text)) == unpack(zlib.compress(text)) == text


def test_a_record_takes_a_fraction_of_what_it_says() -> None:
    text = record_of(ended_job()).encode()
    assert len(pack(text)) < len(zlib.compress(text, 9)) * 0.5
