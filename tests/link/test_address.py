from __future__ import annotations

import traceback
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code, FaultError
from flashyard.link import Address
from support.faults import refused


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://127.0.0.1:1884", Address("127.0.0.1", 1884)),
        ("mqtt://broker.lan", Address("broker.lan", 1883)),
        ("mqtt://[::1]:99/", Address("::1", 99)),
        ("mqtt://hub%40yard:p%3Aw%2F@h:1", Address("h", 1, "hub@yard", "p:w/")),
        ("mqtts://broker.lan", Address("broker.lan", 8883, tls=True)),
        ("mqtts://a:b@[::1]:1883", Address("::1", 1883, "a", "b", tls=True)),
        ("mqtt://only-a-user@h", Address("h", 1883, "only-a-user", None)),
    ],
)
def test_a_broker_url_says_where_and_as_whom(url: str, expected: Address) -> None:
    assert Address.parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:1883",
        "http://h:1",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://h:0",
        "mqtt://:password@h",
        "ssl://h:8883",
        "mqtt://h:99999",
        "mqtt://h:port",
        "mqtt://[::1:9",
        "mqtt://h:1/topic",
        "mqtt://h:1?x=1",
        "mqtt://h:1#x",
        "mqtt://local host:1",
        "mqtt://h\x00:1",
        "mqtt://a..b:1",
        f"mqtt://{'x' * 64}:1",
        "mqtt://user:a/b@h",
    ],
)
def test_what_is_no_broker_url_is_refused_by_its_option_with_how_to_write_one(url: str) -> None:
    with refused(Code.INVALID_REQUEST) as refusal:
        Address.parse(url, option="--hub-broker")
    assert refusal.fault.sentence.startswith("--hub-broker ")
    assert "/ @ : ? # % percent-encoded: %2F %40 %3A %3F %23 %25" in (refusal.fault.hint or "")


@pytest.mark.parametrize("rest", ["h:1", "h:none", "h:1/path", "", "\u2100:1"])
def test_no_refusal_and_no_text_of_an_address_shows_the_password(rest: str) -> None:
    url = f"mqtt://someone:hunter2@{rest}"
    try:
        shown = Address.parse(url)
        texts = [str(shown), repr(shown)]
    except FaultError as refusal:
        texts = traceback.format_exception(refusal)
    assert not any("hunter2" in text or "someone" in text for text in texts)


@given(st.text())
def test_any_text_is_an_address_or_a_refusal(text: str) -> None:
    with suppress(FaultError):
        address = Address.parse(text)
        assert Address.parse(str(address)).port == address.port


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_password_survives_percent_encoding(password: str) -> None:
    parsed = Address.parse(f"mqtt://u:{quote(password, safe='')}@h:1")
    assert parsed.password == password
