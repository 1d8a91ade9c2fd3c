from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.token_file import NamedToken, read_token, read_tokens

TOKEN = "a-token-of-the-bench"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "token"


def test_a_token_is_one_word_in_a_readable_file(path: Path) -> None:
    for text in (TOKEN, f"{TOKEN}\n", f"\n  {TOKEN}\r\n", f"# mine\n{TOKEN}\n", f"alice {TOKEN}"):
        path.write_text(text)
        assert read_token(path) == TOKEN
    for bad in (
        b"",
        b"\n",
        b"# none",
        b"three words here",
        b"caf\xc3\xa9",
        b"\xff",
        b"a caf\xc3\xa9",
    ):
        path.write_bytes(bad)
        with pytest.raises(FaultError) as caught:
            read_token(path)
        assert caught.value.fault.code is Code.INVALID_REQUEST
        assert str(path) in caught.value.fault.sentence
    with pytest.raises(FaultError):
        read_token(path / "none")


def test_a_word_of_any_printable_characters_is_what_it_was(path: Path) -> None:
    for word in ("alice:secret", "#secret", "a=b;c"):
        path.write_text(word)
        assert read_tokens(path) == (NamedToken("token", word),)


def test_a_bridge_may_know_several_by_the_names_they_have(path: Path) -> None:
    path.write_text("# the line\nalice  t1\n\nci@shop t2\nalice t3\n")
    told = [("alice", "t1"), ("ci@shop", "t2"), ("alice", "t3")]
    assert [(each.identity, each.token) for each in read_tokens(path)] == told
    assert "t1" not in repr(read_tokens(path))


def test_a_client_has_one(path: Path) -> None:
    path.write_text("alice t1\nbob t2\n")
    with pytest.raises(FaultError, match="holds 2 tokens"):
        read_token(path)


@pytest.mark.parametrize(
    "lines", ["alice s3cret\ns3cret2", "alice bob s3cret", "al:ice s3cret", "a s3cret\nb s3cret"]
)
def test_a_line_that_is_none_is_refused_without_telling_what_is_in_it(
    path: Path, lines: str
) -> None:
    path.write_text(lines)
    with pytest.raises(FaultError) as caught:
        read_tokens(path)
    assert "s3cret" not in str(caught.value)


def test_no_file_is_no_token() -> None:
    assert read_token(None) is None
    assert read_tokens(None) == ()
