"""Whatever is sent as a start: a refusal in our shape that starts nothing, or a true start."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashyard_bridge.rest.body import MAX_JSON
from flashyard_bridge.rest.request import StartRequest
from support.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}
DEVICE = "REQUESTED"


async def post(rig: Rig, content: bytes, headers: dict[str, str] = JSON) -> httpx.Response:
    return await rig.http.post("/api/flash/start", content=content, headers=headers)


def assert_refused(rig: Rig, answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    said: dict[str, Any] = answer.json()
    assert (answer.status_code, said["code"]) == (status, code), said
    assert answer.headers["content-type"] == "application/json"
    assert said["error"].endswith(".")
    assert said["hint"]
    assert rig.hub.orders == []
    return said


BAD = [
    ("deviceId", None),
    ("deviceId", 5),
    ("deviceId", ""),
    ("deviceId", "has blank"),
    ("deviceId", "x" * 65),
    ("deviceId", ["PIXEL6_001"]),
    ("hubId", "UPPER"),
    ("hubId", 1),
    ("deviceName", 5),
    ("deviceName", "x" * 201),
    ("deviceName", "bell\u0007"),
    ("partition", ""),
    ("partition", "-boot"),
    ("partition", "a/b"),
    ("partition", "x" * 37),
    ("partition", 7),
    ("imageSize", "abc"),
    ("imageSize", "4096"),
    ("imageSize", 0),
    ("imageSize", -1),
    ("imageSize", True),
    ("imageSize", 4096.0),
    ("imageSize", 4096.5),
    ("imageSize", 2**53),
    ("imageSize", 10**30),
    ("imageSize", []),
    ("image", "system.img"),
    ("image", "http://example.org/system.img"),
    ("image", "A" * 64),
    ("image", 5),
    ("sha256", "abc"),
    ("verify", "maybe"),
    ("verify", True),
    ("slot", "c"),
    ("reboot", "yes"),
    ("reboot", 1),
    ("erase", "false"),
    ("wipe", 0),
    ("rollback", "never"),
    ("priority", 10),
    ("priority", "5"),
    ("priority", True),
    ("bandwidthLimit", 0),
    ("bandwidthLimit", "1M"),
    ("notBefore", "tomorrow"),
    ("waitForDevice", "no"),
    ("partitions", "boot"),
    ("idempotencyKey", ""),
    ("idempotencyKey", "x" * 201),
    ("idempotencyKey", "has blank"),
]


@pytest.mark.parametrize(("field", "value"), BAD, ids=lambda each: repr(each)[:24])
async def test_a_bad_value_is_refused_by_its_fields_name(rig: Rig, field: str, value: Any) -> None:
    body = {"deviceId": DEVICE, field: value}
    said = assert_refused(rig, await post(rig, json.dumps(body).encode()), 422, "invalid_request")
    assert said["field"] == field
    assert field in said["error"]
    assert field in said.get("details", field)


UNBUILT = [
    ("sha256", "0" * 64),
    ("image", "https://example.org/system.img"),
]


@pytest.mark.parametrize(("field", "value"), UNBUILT, ids=lambda each: repr(each)[:24])
async def test_a_field_without_effect_yet_is_refused_and_never_ignored(
    rig: Rig, field: str, value: Any
) -> None:
    body = {"deviceId": DEVICE, field: value}
    said = assert_refused(rig, await post(rig, json.dumps(body).encode()), 422, "not_supported")
    assert said["field"] == field


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{'deviceId': 'X'}",
        b'{"deviceId": "REQUESTED", "imageSize": NaN}',
        b'{"deviceId": "REQUESTED", "imageSize": Infinity}',
        b'{"deviceId": "REQUESTED", "x": "\\ud800"}',
        b'{"deviceId": "REQUESTED", "x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"deviceId": "REQUESTED", "imageSize": ' + b"9" * 5000 + b"}",
        b"\xff\xfe{\x00}\x00",
        b'\x00{"deviceId": "REQUESTED"}',
        b"[]",
        b'["REQUESTED"]',
        b"null",
        b'"REQUESTED"',
        b"5",
        b"true",
    ],
    ids=lambda content: repr(content[:30]),
)
async def test_what_is_no_json_object_is_refused(rig: Rig, content: bytes) -> None:
    said = assert_refused(rig, await post(rig, content), 422, "invalid_request")
    if content:
        assert said["field"] == "body"


async def test_an_empty_object_misses_the_device(rig: Rig) -> None:
    said = assert_refused(rig, await post(rig, b"{}"), 422, "invalid_request")
    assert said["field"] == "deviceId"


@pytest.mark.parametrize(
    "media_type",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""],
)
@pytest.mark.parametrize(
    "path",
    [
        "/api/flash/start",
        "/api/flash/demo",
        "/api/flash/job/job_1700000000_aaaaaaaa/cancel",
        "/api/flash/job/job_1700000000_aaaaaaaa/retry",
    ],
)
async def test_a_body_that_is_not_json_is_refused_everywhere(
    rig: Rig, media_type: str, path: str
) -> None:
    answer = await rig.http.post(
        path, content=b'{"deviceId": "REQUESTED"}', headers={"Content-Type": media_type}
    )
    assert_refused(rig, answer, 415, "unsupported_media_type")


async def test_json_with_a_charset_is_json(rig: Rig) -> None:
    await rig.plug(DEVICE)
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = await post(rig, b'{"deviceId": "REQUESTED"}', headers)
    assert answer.status_code == 200


async def test_a_body_over_64_kib_is_refused(rig: Rig) -> None:
    content = json.dumps({"deviceId": DEVICE, "x": "x" * MAX_JSON}).encode()
    assert_refused(rig, await post(rig, content), 413, "payload_too_large")


async def test_a_body_without_a_length_is_held_to_the_same_bound(rig: Rig) -> None:
    async def chunks() -> Any:
        yield b'{"deviceId": "REQUESTED", "x": "'
        for _ in range(100):
            yield b"x" * 1024

    answer = await rig.http.post("/api/flash/start", content=chunks(), headers=JSON)
    assert_refused(rig, answer, 413, "payload_too_large")


async def test_two_keys_that_contradict_each_other_are_refused(rig: Rig) -> None:
    answer = await rig.http.post(
        "/api/flash/start",
        json={"deviceId": DEVICE, "idempotencyKey": "one"},
        headers={"Idempotency-Key": "two"},
    )
    assert_refused(rig, answer, 422, "invalid_request")


async def test_an_image_and_another_sha256_are_refused(rig: Rig) -> None:
    body = {"deviceId": DEVICE, "partition": "boot", "image": "0" * 64, "sha256": "1" * 64}
    said = assert_refused(rig, await post(rig, json.dumps(body).encode()), 422, "invalid_request")
    assert said["field"] == "sha256"


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = sorted(str(field.alias) for field in StartRequest.model_fields.values())
GOOD = st.fixed_dictionaries(
    {"deviceId": st.just(DEVICE)},
    optional={
        "deviceName": st.text("abc é", max_size=5),
        "partition": st.sampled_from(["boot", "system", "vendor_a", "x"]),
        "imageSize": st.integers(1, 2**53 - 1),
        "verify": st.sampled_from(["none", "image"]),
        "reboot": st.booleans(),
        "erase": st.booleans(),
        "priority": st.integers(0, 9),
        "bandwidthLimit": st.integers(1, 2**53 - 1),
        "notBefore": st.integers(0, 2**53 - 1),
        "waitForDevice": st.booleans(),
    },
)


@given(
    good=GOOD,
    odd=st.dictionaries(st.sampled_from(FIELDS) | st.text("xyz_", max_size=4), VALUES, max_size=3),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_json_object_ever_breaks_the_bridge_or_starts_what_it_does_not_say(
    rig: Rig, good: dict[str, Any], odd: dict[str, Any]
) -> None:
    await rig.plug(DEVICE)
    rig.hub.orders.clear()
    body = good | odd
    answer = await post(rig, json.dumps(body).encode())
    said = answer.json()
    if answer.status_code != 200:
        assert 400 <= answer.status_code < 500
        assert said["code"]
        assert said["error"]
        assert rig.hub.orders == []
        return
    [order] = rig.hub.starts
    assert order.job_id == said["jobId"]
    assert order.device_id == body["deviceId"] == DEVICE
    assert order.partition == said["partition"] == (body.get("partition") or "system")
    assert order.total_bytes == (body.get("imageSize") or 4294967296)
    assert set(said["ignored"]) == {k for k in body if k not in FIELDS and body[k] is not None}


@given(content=st.binary(max_size=200))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_bytes_ever_break_the_bridge(rig: Rig, content: bytes) -> None:
    answer = await post(rig, content)
    assert_refused(rig, answer, 422, "invalid_request")
