from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.token_file import read_token

TOKEN = "a-token-of-the-bench"


def test_a_token_is_one_word_in_a_readable_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    assert read_token(path) == TOKEN
    for bad in (b"", b"\n", b"two words", b"caf\xc3\xa9", b"\xff"):
        path.write_bytes(bad)
        with pytest.raises(FaultError) as caught:
            read_token(path)
        assert caught.value.fault.code is Code.INVALID_REQUEST
        assert str(path) in caught.value.fault.sentence
    with pytest.raises(FaultError):
        read_token(tmp_path / "none")


def test_no_file_is_no_token() -> None:
    assert read_token(None) is None
