"""A job that is started over REST and waited for."""

from __future__ import annotations

from typing import Any

import httpx

from support.waiting import until_told

PATIENCE = 600.0  # seconds, for the largest


async def flashed(http: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    """Start a job; return it as it ended."""
    answer = await http.post("/api/flash/start", json=body)
    assert answer.status_code == 200, answer.text
    where = f"/api/flash/job/{answer.json()['jobId']}"

    async def over() -> dict[str, Any] | None:
        job: dict[str, Any] = (await http.get(where)).json()["job"]
        return None if job["status"] in {"queued", "running"} else job

    return await until_told(over, PATIENCE)
