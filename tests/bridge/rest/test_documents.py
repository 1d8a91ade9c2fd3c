"""The REST API describes itself truly."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from flashyard.contract.faults import Code
from support.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTRACT = {
    "/api/flash/start": {"post"},
    "/api/audit": {"get"},
    "/api/flash/expected": {"post"},
    "/api/flash/demo": {"post"},
    "/api/flash/jobs": {"get"},
    "/api/flash/job/{}": {"get", "patch"},
    "/api/flash/job/{}/log": {"get"},
    "/api/flash/job/{}/pause": {"post"},
    "/api/flash/job/{}/resume": {"post"},
    "/api/flash/job/{}/cancel": {"post"},
    "/api/flash/job/{}/retry": {"post"},
    "/api/flash/history": {"get"},
    "/api/flash/history/{}": {"get"},
    "/api/flash/stats": {"get"},
    "/api/flash/operations/active": {"get"},
    "/api/flash/status/{}": {"get"},
    "/api/devices": {"get"},
    "/api/devices/{}": {"get", "patch", "delete"},
    "/api/devices/{}/release": {"post"},
    "/api/flash/batch": {"post"},
    "/api/flash/batches": {"get"},
    "/api/flash/batch/{}": {"get"},
    "/api/flash/batch/{}/cancel": {"post"},
    "/api/flash/batch/{}/pause": {"post"},
    "/api/flash/batch/{}/resume": {"post"},
    "/api/standing-orders": {"get", "post"},
    "/api/standing-orders/{}": {"get", "patch", "delete"},
    "/api/hubs": {"get"},
    "/api/hubs/{}": {"patch", "delete"},
    "/api/images": {"get", "post"},
    "/api/images/{}": {"get", "head", "delete"},
    "/metrics": {"get"},
    "/health": {"get"},
    "/api/v1/ready": {"get"},
}


async def document(rig: Rig) -> dict[str, Any]:
    said: dict[str, Any] = (await rig.http.get("/openapi.json")).json()
    return said


async def test_the_openapi_document_is_valid(rig: Rig) -> None:
    validate(await document(rig))


async def test_whatever_the_document_points_at_is_in_it(rig: Rig) -> None:
    said = await document(rig)
    pointers = set(re.findall(r"'\$ref': '([^']+)'", str(said)))
    missing = [
        each for each in pointers if each.split("/")[-1] not in said["components"]["schemas"]
    ]
    assert pointers
    assert not missing


async def test_the_document_has_every_route_of_the_contract(rig: Rig) -> None:
    paths = {
        re.sub(r"{\w+}", "{}", path): set(operations)
        for path, operations in (await document(rig))["paths"].items()
    }
    assert paths == CONTRACT


async def test_every_operation_has_a_name_of_its_own_and_our_error_shape(rig: Rig) -> None:
    said = await document(rig)
    operations = [each for path in said["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(names) == len(set(names))
    for operation in operations:
        assert operation["summary"]
        for status, answer in operation["responses"].items():
            if status == "default" or int(status) >= 400:
                assert answer["description"]
                if operation["tags"] != ["health"]:
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert set(said["components"]["schemas"]["Code"]["enum"]) == set(Code)


async def test_the_examples_of_a_start_are_true(rig: Rig) -> None:
    start = (await document(rig))["paths"]["/api/flash/start"]["post"]
    examples = start["requestBody"]["content"]["application/json"]["examples"]
    await rig.plug("PIXEL6_001")
    answer = await rig.http.post("/api/flash/start", json=examples["generated"]["value"])
    assert answer.status_code == 200
    answer = await rig.http.post("/api/flash/start", json=examples["image"]["value"])
    assert answer.json()["code"] == "unknown_image"


@pytest.mark.parametrize("path", ["/api/flash/start", "/api/flash/batch"])
async def test_a_start_for_one_and_for_many_is_refused_for_what_is_described(
    rig: Rig, path: str
) -> None:
    responses = (await document(rig))["paths"][path]["post"]["responses"]
    described = " ".join(each["description"] for each in responses.values())
    for code in (Code.UNKNOWN_IMAGE, Code.INCOMPLETE_SLOT, Code.ROLLBACK_IMPOSSIBLE):
        assert code in described


async def test_what_is_said_on_sockets_is_described_too(rig: Rig) -> None:
    said = (await rig.http.get("/asyncapi.json")).json()
    assert said["asyncapi"].startswith("3.")
    assert said["channels"]


@pytest.mark.parametrize(
    "path", ["/nope", "/api", "/api/flash", "/api/flash/job/", "/api/flash/start/x", "/%00", "/é"]
)
async def test_an_unknown_path_is_not_found_in_our_shape(rig: Rig, path: str) -> None:
    answer = await rig.http.get(path, follow_redirects=True)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/flash/start", "POST"),
        ("POST", "/api/flash/jobs", "GET, HEAD"),
        ("PUT", "/api/flash/job/x", "GET, HEAD, PATCH"),
        ("PATCH", "/api/images", "GET, HEAD, POST"),
        ("POST", "/api/images/x", "GET, HEAD, DELETE"),
        ("PUT", "/api/hubs/x", "PATCH, DELETE"),
        ("DELETE", "/api/flash/cancel/x", "POST"),
        ("OPTIONS", "/api/devices", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    rig: Rig, method: str, path: str, allowed: str
) -> None:
    answer = await rig.http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


async def test_a_fault_of_our_own_shows_no_trace_of_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(_jobs: object) -> None:
        raise ZeroDivisionError("the inner workings")

    monkeypatch.setattr("flashyard_bridge.rest.jobs.in_turn", burst)
    answer = await rig.http.get("/api/flash/jobs")
    said = answer.json()
    assert (answer.status_code, said["code"]) == (500, "internal")
    assert "inner workings" not in answer.text
