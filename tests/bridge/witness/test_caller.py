"""Who asks: proven apart from said, and neither of them a danger to whoever reads it."""

from __future__ import annotations

import unicodedata
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.client.introduction import introduction
from flashyard.contract.requester import USER_HEADER, Requester
from flashyard_bridge.witness.caller import caller_of, plain


def scope(headers: dict[str, str], client: Any = ("192.0.2.7", 4711), **state: Any) -> Any:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "headers": raw, "client": client, "state": state}


def test_what_is_proven_stands_apart_from_what_is_said() -> None:
    said = {USER_HEADER: "root%40bench", "User-Agent": "curl/8"}
    assert caller_of(scope(said, identity="alice")) == Requester(
        identity="alice", user="root@bench", address="192.0.2.7", agent="curl/8"
    )
    assert caller_of(scope({})) == Requester(address="192.0.2.7")


def test_what_a_client_says_of_its_user_arrives_as_it_was() -> None:
    for user in ("alice@bench", "Zoë@büro 1", "100%@x"):
        assert caller_of(scope(dict(introduction(user)))).user == user
    assert caller_of(scope(dict(introduction(None)))).user is None


@pytest.mark.parametrize("client", [None, ("unix", 0), ("evil\n", 0), ("192.0.2.7:80", 0)])
def test_an_address_is_one_or_there_is_none(client: Any) -> None:
    assert caller_of(scope({}, client=client)).address is None


@given(st.text(max_size=1500).map(lambda text: quote(text, errors="replace")))
def test_what_is_said_is_a_bounded_line_without_tricks(said: str) -> None:
    user = caller_of(scope({USER_HEADER: said})).user
    if user is not None:
        assert 0 < len(user) <= 200
        assert not {unicodedata.category(letter) for letter in user} & {"Cc", "Cf", "Cs", "Zl"}
        assert Requester.decode(Requester(user=user).encode()).user == user


def test_a_line_turns_nobodys_terminal_around() -> None:
    assert plain("a\x1b[31mb\u202ec\x00\n d ") == "a[31mbc d"
    assert plain("\x00 ") is None
