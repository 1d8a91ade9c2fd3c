"""Over real HTTP each request that would change something is in the trail, whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from flashyard.contract.audit import NumberedEntry
from flashyard.contract.faults import Code
from flashyard.contract.requester import USER_HEADER
from flashyard.token_file import NamedToken
from flashyard_bridge.audit import strangers
from flashyard_bridge.rest import routers
from flashyard_bridge.witness.action import Actions, action_of, changes
from support.brokers import free_port
from support.rig import Rig, rig, shared_rig
from support.scripted_hub import queue, refuse_with
from support.served import ServedBridge, served_bridge
from support.trail import lines_in
from support.waiting import until

__all__ = ["rig", "shared_rig"]

JOB = "job_1700000000_aaaaaa"
SHA = "c" * 64
ORDER = "/api/standing-orders/none"
NAMES = ("ci", "alice", "mallory")  # the last one is let in by nobody
NOBODY = f"mqtt://127.0.0.1:{free_port()}"
BYTES = {"Content-Type": "application/octet-stream"}
ROUTES = [route for router in routers() for route in router.routes]

# Each route that changes something, asked so that it is refused: method, path, body, what is told.
ASKED: Sequence[tuple[str, str, Any, Mapping[str, Any]]] = [
    ("POST", "/api/flash/start", {"deviceId": "D"}, {"device_id": "D"}),
    ("POST", f"/api/flash/job/{JOB}/retry", None, {"job_id": JOB}),
    ("POST", f"/api/flash/retry/{JOB}", None, {"job_id": JOB}),
    ("POST", "/api/flash/demo", None, {}),
    ("POST", "/api/flash/batch", {"devices": ["D"]}, {}),
    ("POST", "/api/flash/batch/b1/cancel", None, {"subject": "b1"}),
    ("POST", "/api/flash/batch/b1/pause", None, {"subject": "b1"}),
    ("POST", "/api/flash/batch/b1/resume", None, {"subject": "b1"}),
    ("POST", f"/api/flash/job/{JOB}/cancel", None, {"job_id": JOB}),
    ("POST", f"/api/flash/cancel/{JOB}", None, {"job_id": JOB}),
    ("POST", f"/api/flash/job/{JOB}/pause", None, {"job_id": JOB}),
    ("POST", f"/api/flash/pause/{JOB}", None, {"job_id": JOB}),
    ("POST", f"/api/flash/job/{JOB}/resume", None, {"job_id": JOB}),
    ("POST", f"/api/flash/resume/{JOB}", None, {"job_id": JOB}),
    ("PATCH", f"/api/flash/job/{JOB}", {"priority": 9}, {"details": {"priority": 9}}),
    ("PATCH", "/api/devices/D", {"bandwidthLimit": None}, {"details": {"bandwidthLimit": None}}),
    ("POST", "/api/devices/D/release?hubId=h1", None, {"device_id": "D", "hub_id": "h1"}),
    ("DELETE", "/api/devices/D", None, {"device_id": "D"}),
    ("POST", "/api/standing-orders", {"name": "line 1"}, {"details": {"name": "line 1"}}),
    ("PATCH", "/api/standing-orders/s1", {"enabled": True}, {"subject": "s1"}),
    ("DELETE", "/api/standing-orders/s1", None, {"subject": "s1"}),
    ("PATCH", "/api/hubs/h1", {"maxParallel": 2}, {"hub_id": "h1"}),
    ("DELETE", "/api/hubs/h1", None, {"hub_id": "h1"}),
    ("POST", "/api/images?name=a.img&token=s3cret", None, {"details": {"name": "a.img"}}),
    ("DELETE", f"/api/images/{SHA}", None, {"subject": SHA}),
]


async def told(bridge: ServedBridge, count: int, **sought: Any) -> Sequence[NumberedEntry]:
    """Read the lines, once all are written; there must be so many."""
    await until(lambda: bridge.state.trail.waiting == 0)
    found = await lines_in(bridge.state.database, **sought)
    assert len(found) == count, [each.action for each in found]
    return found


def scope_of(method: str, path: str) -> dict[str, Any]:
    bare = path.partition("?")[0]
    return {"type": "http", "method": method, "path": bare, "root_path": "", "headers": []}


def test_every_route_that_changes_something_is_asked_below() -> None:
    changing = [route for route in ROUTES if changes(route)]
    asked = [scope_of(method, path) for method, path, _, _ in ASKED]
    for route in changing:
        assert any(Actions([route]).find(scope) for scope in asked), route
    assert len(asked) == len(changing)
    assert {action_of(route).name for route in changing}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("method", "path", "body", "expected"), ASKED)
async def test_what_is_refused_is_in_the_trail(
    rig: Rig, method: str, path: str, body: Any, expected: Mapping[str, Any]
) -> None:
    before = len(await lines_in(rig.bridge.state.database))
    answer = await rig.http.request(method, path, json=body)
    assert 400 <= answer.status_code < 500, answer.text
    line = (await told(rig.bridge, before + 1))[-1]
    action = Actions(ROUTES).find(scope_of(method, path))
    assert action is not None
    assert line.action == action.action.name
    assert (line.outcome, line.code) == ("refused", Code(answer.json()["code"]))
    assert line.error == answer.json()["error"]
    assert {name: getattr(line, name) for name in expected} == expected
    assert line.requester is not None
    assert (line.requester.address, line.requester.identity) == ("127.0.0.1", None)
    assert "s3cret" not in line.encode().decode()


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_done_is_in_the_trail_with_the_ids_it_got(rig: Rig) -> None:
    device = await rig.plug()
    headers = {USER_HEADER: "kim%40bench", "User-Agent": "shop/1"}
    rig.http.headers.update(headers)
    database = rig.bridge.state.database
    known = max((each.number for each in await lines_in(database)), default=0)
    sha256 = await rig.upload(b"bytes of an image")
    job_id = (await rig.start(deviceId=device, partition="system", imageSize=4096))["jobId"]
    await rig.http.patch(f"/api/flash/job/{job_id}", json={"priority": 7})
    await rig.http.patch("/api/hubs/bench-a", json={"maxParallel": 3})
    rig.hub.answer = refuse_with(Code.ILLEGAL_STATE)
    await rig.http.post(f"/api/flash/job/{job_id}/cancel")
    await rig.http.delete(f"/api/images/{sha256}")
    await until(lambda: rig.bridge.state.trail.waiting == 0)
    lines = [each for each in await lines_in(database) if each.number > known]
    assert [(each.action, each.outcome, each.job_id, each.subject) for each in lines] == [
        ("upload_image", "accepted", None, sha256),
        ("start", "accepted", job_id, None),
        ("change_job", "accepted", job_id, None),
        ("change_hub", "accepted", None, None),
        ("cancel", "refused", job_id, None),
        ("delete_image", "accepted", None, sha256),
    ]
    assert {each.hub_id for each in lines[1:5]} == {"bench-a"}
    assert {each.device_id for each in lines if each.job_id} == {device}
    for each in lines:
        assert each.requester is not None
        assert (each.requester.user, each.requester.agent) == ("kim@bench", "shop/1")
    # The hub is told, too, so that the job's record has it.
    [order] = rig.hub.starts
    assert order.asked_by == lines[1].requester
    for name in headers:
        del rig.http.headers[name]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_retry_and_a_batch_tell_who_asked(rig: Rig) -> None:
    rig.hub.answer = queue
    device = await rig.plug()
    wish = {"devices": [device], "partition": "system", "imageSize": 4096}
    batch_id = (await rig.http.post("/api/flash/batch", json=wish)).json()["batchId"]
    await until(lambda: len(rig.hub.starts) == 1)
    [order] = rig.hub.starts
    assert order.asked_by is not None
    assert order.asked_by.on_behalf == batch_id
    await until(lambda: rig.bridge.state.fleet.job(order.job_id) is not None)
    await until(lambda: rig.bridge.state.trail.waiting == 0)
    [line] = await lines_in(rig.bridge.state.database, job_id=order.job_id)
    assert (line.action, line.outcome, line.requester) == ("start", "accepted", order.asked_by)
    assert (line.device_id, line.hub_id) == (device, "bench-a")
    [made] = await lines_in(rig.bridge.state.database, subject=batch_id)
    assert made.details is not None
    assert made.details["devices"] == [device]


async def test_names_of_tokens_are_proven_and_those_without_one_are_in_the_trail(
    tmp_path: Path,
) -> None:
    tokens = [NamedToken(name, f"t-{name}") for name in NAMES[:2]]
    async with served_bridge(NOBODY, tmp_path, tokens=tokens) as served:
        for name in NAMES:
            headers = {"Authorization": f"Bearer t-{name}", USER_HEADER: "alice"}
            await served.http.delete(ORDER, headers=headers)
        await served.http.get("/api/images", headers={"Authorization": "Bearer t-mallory"})
        lines = await told(served, 3)
    assert [line.requester and line.requester.identity for line in lines] == [*NAMES[:2], None]
    assert [line.code for line in lines] == [Code.UNKNOWN_STANDING_ORDER] * 2 + [Code.NOT_ALLOWED]
    assert not any(f"t-{name}" in line.encode().decode() for name in NAMES for line in lines)


async def test_pages_of_others_are_in_the_trail_when_they_try(tmp_path: Path) -> None:
    async with served_bridge(NOBODY, tmp_path) as served:
        origin = {"Origin": "https://evil.example"}
        assert (await served.http.post("/api/flash/demo", headers=origin)).status_code == 403
        [line] = await told(served, 1)
    assert (line.action, line.outcome, line.code) == ("demo", "refused", Code.NOT_ALLOWED)


async def test_strangers_cannot_fill_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "A_MINUTE", 5)
    async with served_bridge(NOBODY, tmp_path, token="t") as served:
        for _ in range(20):
            assert (await served.http.post("/api/flash/demo")).status_code == 401
        assert len(await told(served, 5)) == 5
    async with served_bridge(NOBODY, tmp_path, token="t") as served:
        *_, rest = await told(served, 6)
    assert (rest.action, rest.outcome) == ("refused_at_the_door", "refused")
    assert rest.details is not None
    assert rest.details["requests"] == 15


@pytest.mark.parametrize(
    ("proxies", "address"),
    [((), "127.0.0.1"), (("127.0.0.1/32",), "192.0.2.9"), (("10.0.0.0/8",), "127.0.0.1")],
)
async def test_where_a_request_came_from_is_a_proxys_word_only_where_it_is_trusted(
    tmp_path: Path, proxies: Sequence[str], address: str
) -> None:
    async with served_bridge(NOBODY, tmp_path, trusted_proxies=proxies) as served:
        said = {"X-Forwarded-For": "203.0.113.1, 192.0.2.9"}
        await served.http.delete(ORDER, headers=said)
        [line] = await told(served, 1)
    assert line.requester is not None
    assert line.requester.address == address


async def test_no_answer_waits_for_the_trail_and_a_bridge_that_stops_writes_it(
    tmp_path: Path,
) -> None:
    async with served_bridge(NOBODY, tmp_path) as served, asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(served.http.delete(ORDER))
    async with served_bridge(NOBODY, tmp_path) as served:
        await told(served, 50)


async def test_a_crash_is_in_the_trail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served_bridge(NOBODY, tmp_path) as served:

        async def crash(_order_id: str) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(served.state.standing, "remove", crash)
        assert (await served.http.delete(ORDER)).status_code == 500
        [line] = await told(served, 1)
    assert (line.outcome, line.code) == ("refused", Code.INTERNAL)
