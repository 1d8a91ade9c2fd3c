"""The whole system behind a broker that asks for credentials: the table gives it all it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from flashyard.contract.topics import viewer_filters
from support.guarded import Guarded, Ours, guarded
from support.processes import serving
from support.raw_mqtt import SUBACK, subscribe
from support.waiting import until_told

__all__ = ["guarded"]

DEVICE = "TEST1"
SIZE = 3_000_000  # bytes


async def test_a_flash_its_record_and_a_forgotten_hub_take_no_more_than_the_table_gives(
    guarded: Guarded, tmp_path: Path
) -> None:
    def url_of(name: str) -> str:
        return f"mqtt://{name}:{guarded.secrets[name]}@127.0.0.1:{guarded.port}"

    async with (
        serving(
            *("emulate", "--device", f"{DEVICE},tcp=127.0.0.1:0", "--discard", "--out", tmp_path),
            *("--data-dir", tmp_path),
        ) as devices,
        serving(
            *("bridge", "--listen", "127.0.0.1:0", "--broker-sys", "--data-dir", tmp_path),
            env={"FLASHYARD_BRIDGE_BROKER": url_of("office")},
        ) as bridge,
        httpx.AsyncClient(base_url=bridge.ready[0], timeout=30) as http,
    ):
        place = devices.ready[0].partition("//")[2].partition("/")[0]
        async with serving(
            *("hub", "--fastboot-tcp", f"{DEVICE}={place}", "--bridge-url", bridge.ready[0]),
            *("--data-dir", tmp_path),
            env={"FLASHYARD_HUB_BROKER": url_of("bench-a")},
        ) as hub:
            assert hub.ready[1] == "bench-a"

            async def is_online() -> bool:
                listed = (await http.get("/api/devices")).json()["devices"]
                return any(each["online"] for each in listed)

            await until_told(is_online)
            body = {"deviceId": DEVICE, "imageSize": SIZE}
            started = (await http.post("/api/flash/start", json=body)).json()

            async def ended() -> dict[str, Any] | None:
                history = (await http.get("/api/flash/history")).json()["history"]
                return next((job for job in history if job["jobId"] == started["jobId"]), None)

            job = await until_told(ended)
            assert (job["status"], job["bytesTransferred"]) == ("completed", SIZE)
        forgotten = await http.delete("/api/hubs/bench-a")
        assert forgotten.status_code == 200, forgotten.text
        async with guarded.client("wall") as viewer:
            await viewer.send(subscribe(*(name for name, _ in viewer_filters())))
            await viewer.expect(SUBACK)
            assert await viewer.silent() == [], "nothing is retained any more"
    if isinstance(guarded, Ours):
        counters = guarded.broker.counters
        assert (counters.denied_publishes, counters.denied_subscriptions) == (0, 0)
