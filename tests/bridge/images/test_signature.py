"""A signed query opens one image to one hub for one day, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard_bridge.images.signature import VALID_FOR, Signature
from support.brokers import mosquitto
from support.served import served_bridge

SHA256 = "ab" * 32
START = 1_703_001_234_000


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


def signed(query: str) -> dict[str, str]:
    return dict(parse_qsl(query))


def test_a_signature_holds_for_a_day() -> None:
    clock = Clock()
    signature = Signature(b"k" * 32, clock)
    query = signed(signature.sign(SHA256, "bench-a"))
    assert signature.verify(SHA256, query)
    clock.now += VALID_FOR * 1000 - 1000
    assert signature.verify(SHA256, query)
    clock.now += 2000
    assert not signature.verify(SHA256, query)


def longer(query: dict[str, str]) -> None:
    query["expires"] = str(int(query["expires"]) + 1)


def elsewhere(query: dict[str, str]) -> None:
    query["hub"] = "bench-b"


def forged(query: dict[str, str]) -> None:
    query["signature"] = "0" * 64


@pytest.mark.parametrize("change", [longer, elsewhere, forged, dict.clear])
def test_a_changed_query_opens_nothing(change: Callable[[dict[str, str]], None]) -> None:
    signature = Signature(b"k" * 32, Clock())
    query = signed(signature.sign(SHA256, "bench-a"))
    change(query)
    assert not signature.verify(SHA256, query)


def test_a_signature_opens_no_other_image_and_no_other_store() -> None:
    signature = Signature(b"k" * 32, Clock())
    query = signed(signature.sign(SHA256, "bench-a"))
    assert not signature.verify("cd" * 32, query)
    assert not Signature(b"l" * 32, Clock()).verify(SHA256, query)


@given(st.dictionaries(st.sampled_from(["hub", "expires", "signature"]), st.text()))
def test_no_query_breaks_the_judge(query: dict[str, str]) -> None:
    assert not Signature(b"k" * 32, Clock()).verify(SHA256, query)


@pytest.mark.parametrize(
    ("method", "path", "opens"),
    [
        ("GET", f"/api/images/{SHA256}", True),
        ("HEAD", f"/api/images/{SHA256}", True),
        ("DELETE", f"/api/images/{SHA256}", False),
        ("POST", f"/api/images/{SHA256}", False),
        ("GET", "/api/images", False),
        ("GET", f"/api/images/{SHA256}/", False),
        ("GET", f"/x/api/images/{SHA256}", False),
        ("GET", "/api/flash/jobs", False),
        ("GET", f"/api/images/{'cd' * 32}", False),
    ],
)
def test_a_signature_stands_in_for_a_token_on_its_download_only(
    method: str, path: str, *, opens: bool
) -> None:
    signature = Signature(b"k" * 32, Clock())
    query = signature.sign(SHA256, "bench-a").encode()
    scope = {"type": "http", "method": method, "path": path, "query_string": query}
    assert signature.admits(scope) is opens


def test_the_key_stays_the_same_and_out_of_sight(tmp_path: Path) -> None:
    first = Signature.load(tmp_path / "key", Clock())
    again = Signature.load(tmp_path / "key", Clock())
    assert again.verify(SHA256, signed(first.sign(SHA256, "bench-a")))
    assert (tmp_path / "key").read_bytes().hex() not in repr(first)


async def test_a_hub_needs_no_token_for_the_image_it_was_told_to_fetch(tmp_path: Path) -> None:
    broker = mosquitto(tmp_path)
    await broker.start()
    async with served_bridge(broker.url, tmp_path / "images", token="secret") as bridge:
        upload = await bridge.http.post(
            "/api/images",
            content=b"for the hub",
            headers={
                "Authorization": "Bearer secret",
                "Content-Type": "application/octet-stream",
            },
        )
        path = f"/api/images/{upload.json()['image']['sha256']}"
        query = bridge.state.images.signature.sign(path.rpartition("/")[2], "bench-a")
        answer = await bridge.http.get(f"{path}?{query}", headers={"Range": "bytes=4-"})
        assert (answer.status_code, answer.content) == (206, b"the hub")
        for refused in (
            await bridge.http.get(path),
            await bridge.http.get(f"{path}?{query}0"),
            await bridge.http.get(f"/api/images/{'0' * 64}?{query}"),
            await bridge.http.delete(f"{path}?{query}"),
            await bridge.http.get(f"/api/images?{query}"),
        ):
            assert (refused.status_code, refused.json()["code"]) == (401, "not_allowed")
    await broker.stop()
