from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.endpoint import Endpoint


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8000", "127.0.0.1", 8000),
        (":3000", "", 3000),
        ("[::1]:8000", "::1", 8000),
        ("localhost:0", "localhost", 0),
        ("bridge.example:65535", "bridge.example", 65535),
    ],
)
def test_host_and_port_are_read_as_people_write_them(text: str, host: str, port: int) -> None:
    endpoint = Endpoint.parse(text)
    assert (endpoint.host, endpoint.port) == (host, port)
    assert str(endpoint) == text


@pytest.mark.parametrize(
    "text",
    ["", "8000", "host", "host:", "::1:8000", "[::1]", "[nope]:1", "a b:1", "h:70000", "h:-1"],
)
def test_what_is_not_host_and_port_is_refused_with_a_sentence_that_shows_it(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Endpoint.parse(text)
    assert repr(text) in str(caught.value)


def test_an_empty_host_is_both_loopbacks() -> None:
    assert Endpoint.parse(":3000").hosts == ("127.0.0.1", "::1")
    assert Endpoint.parse("0.0.0.0:3000").hosts == ("0.0.0.0",)


@pytest.mark.parametrize("text", [":1", "localhost:1", "127.9.9.9:1", "[::1]:1"])
def test_loopback_is_recognised(text: str) -> None:
    assert Endpoint.parse(text).is_loopback


@pytest.mark.parametrize("text", ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "localhost.evil.example:1"])
def test_anything_else_is_not_taken_for_loopback(text: str) -> None:
    assert not Endpoint.parse(text).is_loopback


@given(
    st.one_of(st.ip_addresses().map(str), st.just(""), st.just("h-1.example")),
    st.integers(min_value=0, max_value=65535),
)
def test_an_endpoint_reads_back_as_it_is_written(host: str, port: int) -> None:
    endpoint = Endpoint(host, port)
    assert Endpoint.parse(str(endpoint)) == endpoint


@given(st.text(max_size=30))
def test_no_text_makes_it_fail_in_any_other_way(text: str) -> None:
    with contextlib.suppress(ValueError):
        Endpoint.parse(text)
