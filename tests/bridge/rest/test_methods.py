"""HEAD is answered wherever GET is, as GET would be, without a body."""

from __future__ import annotations

import pytest

from support.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/health", 200),
        ("/api/v1/ready", 200),
        ("/api/flash/jobs", 200),
        ("/api/flash/jobs?limit=0", 422),
        ("/api/flash/job/none", 404),
        ("/api/devices", 200),
        ("/api/images", 200),
        ("/api/images/none", 404),
        ("/openapi.json", 200),
        ("/docs", 200),
        ("/static/main.js", 200),
        ("/nowhere", 404),
    ],
)
async def test_head_tells_what_get_would_without_a_body(rig: Rig, path: str, status: int) -> None:
    head, get = await rig.http.head(path), await rig.http.get(path)
    assert head.status_code == get.status_code == status
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    assert int(head.headers["content-length"]) >= len(get.content) - 10, "numbers may grow"


async def test_a_head_starts_nothing(rig: Rig) -> None:
    answer = await rig.http.head("/api/flash/start")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert rig.hub.orders == []
