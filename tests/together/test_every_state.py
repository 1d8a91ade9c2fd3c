"""One life through every state a job can be in, seen in three ways that say the same.

What docs/jobs.md tells of REST, of the WebSocket in the original frontend's words, and of the
retained record is what a real hub, broker and bridge show.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from flashyard.contract.phases import Phase, Status
from flashyard.flash.emulator import Profile
from support.bridge_peer import BridgePeer
from support.brokers import mosquitto
from support.emulated import MIB, emulated
from support.hub_at_work import HubAtWork, new_hub
from support.served import ServedBridge, served_bridge
from support.waiting import until, until_told
from support.yard import Browser

DEVICE = "DEVICE_1"


class View(NamedTuple):
    """A job as one of the three shows it; None: that one does not tell."""

    status: Status
    phase: Phase | None = None
    requested: str | None = None


class Sight:
    """All three of them."""

    def __init__(self, bridge: ServedBridge, browser: Browser, peer: BridgePeer) -> None:
        self.http = bridge.http
        self.browser = browser
        self.peer = peer

    async def start(self, **body: Any) -> str:
        answer = await self.http.post("/api/flash/start", json={"deviceId": DEVICE, **body})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["jobId"])

    async def job(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = (await self.http.get(f"/api/flash/job/{job_id}")).json()["job"]
        return job

    async def rest(self, job_id: str) -> View:
        job = await self.job(job_id)
        return View(Status(job["status"]), Phase(job["phase"]), job.get("requested"))

    def card(self, job_id: str) -> View | None:
        """What the original frontend can know: it has no card for what is queued."""
        status, begun = None, False
        for said in self.browser.messages:
            if said.get("jobId") != job_id:
                continue
            begun = begun or said["type"] == "flash_started"
            match said["type"]:
                case "flash_queued":
                    status = Status.QUEUED
                case "flash_started":
                    status = Status.RUNNING
                case "flash_resumed":
                    status = Status.RUNNING if begun else Status.QUEUED
                case "flash_paused":
                    status = Status.PAUSED
                case "flash_completed":
                    status = Status.COMPLETED
                case "flash_failed":
                    status = Status.CANCELLED if said["code"] == "cancelled" else Status.FAILED
        return None if status is None else View(status)

    def record(self, job_id: str) -> View | None:
        device = self.peer.devices[DEVICE]
        current = device.current_job
        if current is not None and current.job_id == job_id:
            return View(current.status, current.phase, current.requested)
        for waiting in device.queue:
            if waiting.job_id == job_id:
                return View(Status.PAUSED if waiting.held else Status.QUEUED, Phase.QUEUED)
        ended = next((each for each in device.recent if each.job_id == job_id), None)
        return View(ended.status, Phase(ended.status.value)) if ended else None

    async def agree(self, job_id: str, status: Status, *phases: Phase) -> dict[str, Any]:
        """Wait until all three say so; tell what REST says then."""

        async def is_so() -> bool:
            rest, card, record = await self.rest(job_id), self.card(job_id), self.record(job_id)
            if card is None or record is None:
                return False
            fits = {rest.status, card.status, record.status} == {status}
            return fits and (not phases or (rest.phase == record.phase and rest.phase in phases))

        await self._until(is_so, job_id)
        return await self.job(job_id)

    async def lost(self, job_id: str) -> dict[str, Any]:
        """Wait until REST and the browser say that nobody hears of its hub."""

        async def is_so() -> bool:
            stage = self.browser.last(job_id).get("stage")
            return (await self.job(job_id)).get("lost") is True and stage == "Hub not heard from"

        await self._until(is_so, job_id)
        return await self.job(job_id)

    async def _until(self, is_so: Callable[[], Awaitable[bool]], job_id: str) -> None:
        try:
            await until_told(is_so, 20)
        except TimeoutError:
            views = await self.rest(job_id), self.card(job_id), self.record(job_id)
            raise AssertionError(f"they do not agree: {views}") from None


@asynccontextmanager
async def sight(folder: Path) -> AsyncIterator[Sight]:
    broker = mosquitto(folder)
    await broker.start()
    async with served_bridge(broker.url, folder / "images") as bridge:
        await bridge.state.first_picture.wait()
        where = str(bridge.http.base_url).replace("http", "ws").rstrip("/") + "/flash-progress"
        async with BridgePeer(broker.url) as peer, Browser(where) as browser:
            yield Sight(bridge, browser, peer)
            assert browser.complaints() == []
    await broker.stop()


class Life:
    """A hub that can be killed and started again on the same disk."""

    def __init__(self, sight: Sight, folder: Path, address: Any) -> None:
        self._sight = sight
        self._folder = folder
        self._address = address
        self._work: HubAtWork

    async def begin(self) -> None:
        peer = self._sight.peer
        hub = new_hub(peer.link_url, self._folder, {DEVICE: self._address}, part_size=MIB)
        self._work = HubAtWork(hub)
        await self._work.serving()
        await peer.online(DEVICE)

    async def die(self) -> None:
        await self._work.die()

    async def end(self) -> None:
        await self._work.stop()


async def test_every_state_is_seen_in_all_three_ways(tmp_path: Path) -> None:
    profile = Profile(serial=DEVICE, boot_s=0.2, link_speed=8 * MIB)
    with emulated(tmp_path / "device", "tcp", profile, "erase=fail") as device:
        async with sight(tmp_path) as seen:
            hub = Life(seen, tmp_path / "hub", device.address)
            await hub.begin()
            peer, writing = seen.peer, Phase.WRITING

            first = await seen.start(imageSize=400 * MIB)
            await seen.agree(first, Status.RUNNING, writing)
            job_id = await seen.start(imageSize=20 * MIB)
            assert (await seen.agree(job_id, Status.QUEUED, Phase.QUEUED))["position"] == 1
            await peer.pause(job_id)
            held = await seen.agree(job_id, Status.PAUSED, Phase.QUEUED)
            assert "startedAt" not in held
            await peer.resume(job_id)
            await seen.agree(job_id, Status.QUEUED, Phase.QUEUED)

            await peer.cancel(first)
            ended = await seen.agree(first, Status.CANCELLED, Phase.CANCELLED)
            assert ended["deviceState"]
            await seen.agree(job_id, Status.RUNNING, writing)
            await peer.pause(job_id)
            paused = await seen.agree(job_id, Status.PAUSED, writing)
            assert (paused.get("requested"), paused["transferSpeed"]) == (None, 0)

            await hub.die()
            gone = await seen.lost(job_id)
            assert (gone["status"], gone["phase"]) == ("paused", "writing")
            await hub.begin()
            back = await seen.agree(job_id, Status.PAUSED, writing)
            assert (back.get("lost"), back["startedAt"]) == (None, paused["startedAt"])
            assert back["bytesTransferred"] >= paused["bytesTransferred"]

            await peer.resume(job_id)
            await seen.agree(job_id, Status.RUNNING, writing)
            await hub.die()
            gone = await seen.lost(job_id)
            assert gone["status"] == "running"
            await hub.begin()
            await seen.agree(job_id, Status.RUNNING, writing)
            done = await seen.agree(job_id, Status.COMPLETED, Phase.COMPLETED)
            assert (done["progress"], done["bytesTransferred"]) == (100.0, 20 * MIB)

            failing = await seen.start(imageSize=MIB, erase=True)
            failed = await seen.agree(failing, Status.FAILED, Phase.FAILED)
            assert failed["code"] == "device_refused"
            await hub.end()
            for each in (first, job_id, failing):
                told = [m["type"] for m in seen.browser.messages if m.get("jobId") == each]
                assert sum(kind in {"flash_completed", "flash_failed"} for kind in told) == 1
            await until(lambda: peer.hub and not peer.hub.online)
