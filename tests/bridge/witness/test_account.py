"""What is told of a request: its ids, its known fields, its answer, and no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.contract.audit import AuditEntry
from flashyard.contract.faults import Code
from flashyard.contract.requester import Requester
from flashyard_bridge.rest.batch_wish import BatchWish
from flashyard_bridge.rest.request import StartRequest
from flashyard_bridge.witness.account import MOST, Account
from flashyard_bridge.witness.action import Action, Asked

JOB, OTHER = "job_1700000000_aaaaaa", "job_1700000000_bbbbbb"
CALLER = Requester(identity="alice")
START = Action("start", (StartRequest,))
NAMED = Action("start", (StartRequest,), ("name",))


def lines(
    action: Action,
    answer: Mapping[str, Any],
    body: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> list[AuditEntry]:
    account = Account(Asked(action, path or {}), 1, query or {}, status)
    account.answer += json.dumps(answer).encode()
    account.body += b"" if body is None else json.dumps(body).encode()
    return list(account.lines(CALLER))


def test_a_start_is_told_with_its_job_and_what_was_asked_for() -> None:
    body = {"deviceId": "D1", "partition": "boot", "colour": "red", "idempotencyKey": "k"}
    [line] = lines(START, {"jobId": JOB, "deviceId": "D1", "status": "started"}, body)
    assert (line.action, line.outcome, line.requester) == ("start", "accepted", CALLER)
    assert (line.job_id, line.device_id, line.hub_id) == (JOB, "D1", None)
    assert line.details == {"deviceId": "D1", "partition": "boot"}


def test_a_refusal_is_told_with_its_code_and_sentence() -> None:
    said = {"error": "The device D1 is offline.", "code": "device_offline", "hint": "Plug it in."}
    [line] = lines(START, said, {"deviceId": "D1"}, status=409)
    assert (line.outcome, line.code, line.error) == ("refused", Code.DEVICE_OFFLINE, said["error"])
    assert line.device_id == "D1"
    [crash] = lines(START, {}, status=500)
    assert (crash.outcome, crash.code) == ("refused", Code.INTERNAL)


def test_a_retry_is_told_of_the_new_job_and_names_the_old_one() -> None:
    [line] = lines(Action("retry"), {"jobId": OTHER, "deviceId": "D1"}, path={"job_id": JOB})
    assert (line.job_id, line.details) == (OTHER, {"ofJob": JOB})
    [line] = lines(Action("retry"), {"error": "No."}, status=409, path={"job_id": JOB})
    assert (line.job_id, line.details) == (JOB, None)


def test_each_job_of_a_demo_has_a_line() -> None:
    jobs = [{"jobId": JOB, "deviceId": "D1"}, {"jobId": OTHER, "deviceId": "D2"}]
    told = lines(Action("demo"), {"success": True, "jobs": jobs})
    assert [(line.job_id, line.device_id) for line in told] == [(JOB, "D1"), (OTHER, "D2")]


@pytest.mark.parametrize(
    ("answer", "path", "ids"),
    [
        ({"job": {"jobId": JOB, "deviceId": "D", "hubId": "h"}}, {}, (JOB, "D", "h", None)),
        ({"device": {"deviceId": "D", "hubId": "h"}}, {"device_id": "D"}, (None, "D", "h", None)),
        ({"success": True, "hubId": "h"}, {"hub_id": "h"}, (None, None, "h", None)),
        ({"batchId": "batch_1"}, {}, (None, None, None, "batch_1")),
        ({"standingOrder": {"id": "standing_1"}}, {}, (None, None, None, "standing_1")),
        ({"image": {"sha256": "a" * 64}}, {}, (None, None, None, "a" * 64)),
        ({}, {"sha256": "nonsense\x1b"}, (None, None, None, "nonsense")),
        ({}, {"job_id": "nonsense"}, (None, None, None, "nonsense")),
    ],
)
def test_ids_are_found_where_the_contract_puts_them(
    answer: Mapping[str, Any], path: Mapping[str, str], ids: tuple[str | None, ...]
) -> None:
    [line] = lines(Action("x"), answer, path=path)
    assert (line.job_id, line.device_id, line.hub_id, line.subject) == ids


def test_of_a_url_neither_login_nor_query_is_told() -> None:
    image = "https://me:s3cret@host.example:8443/a.img?sig=s3cret#s3cret"
    [line] = lines(START, {"error": "No."}, {"image": image}, status=422)
    assert line.details == {"image": "https://host.example/a.img"}


def test_long_requests_are_told_in_short() -> None:
    devices = [f"DEVICE_{number:04}" for number in range(1000)]
    batch = Action("start_batch", (BatchWish, StartRequest))
    [line] = lines(batch, {"batchId": "b"}, {"devices": devices, "partition": "boot"})
    assert line.details is not None
    assert line.details["devices"][99:] == ["DEVICE_0099", "… and 900 more"]
    steps = [{"partition": "p" * 36, "image": "a" * 64, "slot": "x" * 200}] * 100
    [line] = lines(START, {"error": "No."}, {"partitions": steps}, status=422)
    assert line.details is not None
    assert len(line.details["partitions"]) == 11


SECRET = "s3cret"
NAMES = st.sampled_from([*StartRequest.model_json_schema()["properties"], "token", "password", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=40)
@given(st.dictionaries(NAMES, VALUES, max_size=6), VALUES)
def test_whatever_is_asked_makes_a_bounded_line_without_what_nobody_knows(
    body: dict[str, Any], deep: Any
) -> None:
    said = {**body, "token": SECRET, "partitions": [{"password": SECRET, "x": deep}]}
    query = {"name": "n", "token": SECRET}
    [line] = lines(NAMED, {}, said, query=query)
    encoded = line.encode().decode()
    assert SECRET not in encoded
    assert AuditEntry.decode(encoded) == line
    assert len(json.dumps(line.details, ensure_ascii=False).encode()) <= 2 * MOST
