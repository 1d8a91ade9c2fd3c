"""The page in a real browser, by keyboard: what can be done with jobs, and when it is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashFailed, FlashPaused, FlashProgress, FlashResumed
from flashyard.contract.orders import CancelOrder, LimitsOrder, ReleaseOrder
from flashyard.contract.phases import Phase, Status
from flashyard.contract.tracked import queued, started
from flashyard.contract.troubles import Quarantine, Trouble
from support.browser import Page, chromium
from support.learnt import DEVICE, FLASH, teach
from support.rig import Rig
from support.scripted_hub import accept, answer_with, queue, refuse_with
from support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]

BROKEN = Quarantine(since=1, faults=3, code=Code.USB_UNPLUGGED, error="The device was unplugged.")
FULL = Trouble(code=Code.DISK_FULL, error="The journal cannot be written.", since=1)


@dataclass
class Dashboard:
    rig: Rig
    page: Page

    def card(self, job_id: str, part: str = "") -> str:
        """A selector of a job's card, or of a part of it."""
        return f"[data-job='{job_id}'] {part}".strip()

    async def press(self, job_id: str, act: str) -> None:
        await self.page.press(self.card(job_id, f"[data-act='{act}']"))

    async def reads(self, job_id: str, part: str, words: str) -> None:
        """Wait until a part of a card says so."""
        text = f'document.querySelector("{self.card(job_id, part)}")?.textContent ?? ""'
        await self.page.shows(f"({text}).includes({words!r})")

    async def hears(self, words: str) -> None:
        """Wait until a screen reader is told so."""
        await self.page.shows(f'document.getElementById("news").textContent.includes({words!r})')

    async def focuses(self, name: str) -> None:
        """Wait until the keyboard's focus is on what is named so."""
        await self.page.shows(f"document.activeElement.ariaLabel === {name!r}")

    def say(self, kind: type[Any], job_id: str, seq: int, **facts: object) -> None:
        """Have the hub say something of a job."""
        job = self.rig.job(job_id)
        head = {
            "job_id": job_id,
            "device_id": job.device_id,
            "hub_id": job.hub_id,
            "timestamp": self.rig.bridge.state.now(),
            "phase": Phase.WRITING,
        }
        self.rig.hub.say(kind(**{**head, "seq": seq, **facts}))

    async def run(self, device: str, **body: object) -> str:
        """Start a job that is on its way; return its id."""
        job_id: str = (await self.rig.start(deviceId=device, **body))["jobId"]
        self.rig.hub.say(started(self.rig.job(job_id)).message)  # type: ignore[arg-type]
        facts = {"progress": 42.5, "stage": "Flashing system partition", "transfer_speed": 9}
        amounts = {"bytes_transferred": 425, "total_bytes": 1000, "estimated_time_remaining": 60}
        self.say(FlashProgress, job_id, 2, **facts, **amounts)
        await self.reads(job_id, ".stage", "Flashing system")
        return job_id


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(shared_rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    profile: Path = tmp_path_factory.mktemp("profile")
    async with chromium(profile) as page:
        await page.open(str(shared_rig.http.base_url))
        await page.shows('document.getElementById("summary").textContent === "No jobs"')
        yield page


@pytest.fixture
def dashboard(rig: Rig, page: Page) -> Dashboard:
    page.complaints.clear()
    return Dashboard(rig, page)


async def test_a_job_is_paused_and_resumed_and_shown_so_only_once_it_is(
    dashboard: Dashboard,
) -> None:
    job_id = await dashboard.run(await dashboard.rig.plug(device_name="Google Pixel 6"))
    await dashboard.press(job_id, "pause")
    await dashboard.reads(job_id, ".stage", "Pausing at the next safe point")
    await dashboard.hears("pause requested")
    await dashboard.focuses("Resume Google Pixel 6, system")
    dashboard.say(FlashPaused, job_id, 3)
    await dashboard.reads(job_id, ".stage", "Paused: Flashing")
    await dashboard.hears("is paused")
    await dashboard.press(job_id, "resume")
    await dashboard.reads(job_id, ".stage", "Paused: Flashing")
    dashboard.say(FlashResumed, job_id, 4)
    await dashboard.hears("goes on")
    assert dashboard.page.complaints == []


async def test_a_running_job_is_cancelled_only_by_who_is_sure(dashboard: Dashboard) -> None:
    rig = dashboard.rig
    device = await rig.plug(device_name="Google Pixel 6")
    job_id = await dashboard.run(device)
    await dashboard.press(job_id, "cancel")
    await dashboard.page.shows("document.getElementById('sure').open")
    await dashboard.page.press("#sure [value='no']")
    await dashboard.page.shows("!document.getElementById('sure').open")
    assert not isinstance(rig.hub.orders[-1], CancelOrder)
    await dashboard.press(job_id, "cancel")
    await dashboard.page.shows("document.getElementById('sure').open")
    await dashboard.page.press("#sure [value='yes']")
    await dashboard.reads(job_id, ".stage", "Cancelling at the next safe point")
    end = {"error": "The job was cancelled.", "code": Code.CANCELLED}
    dashboard.say(FlashFailed, job_id, 3, phase=Phase.CANCELLED, **end)
    await dashboard.reads(job_id, ".error", "The job was cancelled.")
    await dashboard.focuses("Retry Google Pixel 6, system")
    await dashboard.press(job_id, "retry")
    await dashboard.hears("is started once more")
    assert rig.hub.starts[-1].retry_of == job_id


async def test_a_queue_tells_places_and_reasons_and_is_reordered(dashboard: Dashboard) -> None:
    rig = dashboard.rig
    device = await rig.plug()
    rig.hub.answer = queue
    ids = [(await rig.start(deviceId=device))["jobId"] for _ in range(2)]
    first, second = (rig.job(job_id) for job_id in ids)
    second = second.with_(stage="Waiting for the device")
    for number, job_id in enumerate(ids, 1):
        rig.hub.say(queued(rig.job(job_id).with_(position=number)).message)  # type: ignore[arg-type]
    rig.hub.wait(device, first, second)
    await dashboard.reads(ids[1], ".numbers", "Place 2 in the queue · priority 5")
    await dashboard.reads(ids[1], ".waits", "Waiting for the device")
    rig.hub.answer = accept
    await dashboard.press(ids[1], "sooner")
    await dashboard.reads(ids[1], ".numbers", "priority 6")
    order = rig.hub.orders[-1]
    assert isinstance(order, LimitsOrder)
    assert (order.job_id, order.priority) == (ids[1], 6)
    rig.hub.wait(device, second.with_(priority=6), first)
    await dashboard.reads(ids[1], ".numbers", "Place 1 in the queue · priority 6")
    rig.hub.answer = answer_with(Status.PAUSED)
    await dashboard.press(ids[0], "pause")
    dashboard.say(FlashPaused, ids[0], 1, phase=Phase.QUEUED)
    await dashboard.reads(ids[0], ".stage", "On hold")


async def test_what_is_usual_is_told_beside_what_is_measured(dashboard: Dashboard) -> None:
    await teach(dashboard.rig, took={"preparing": 1_000, "writing boot": 78_800})
    job_id = await dashboard.run(await dashboard.rig.plug(**DEVICE), **FLASH)
    await dashboard.reads(job_id, ".numbers", "about 1 min left · usually 1:20")


async def test_a_refusal_is_told_on_the_card_and_to_a_screen_reader(dashboard: Dashboard) -> None:
    job_id = await dashboard.run(await dashboard.rig.plug())
    dashboard.rig.hub.answer = refuse_with(Code.ILLEGAL_STATE)
    await dashboard.press(job_id, "pause")
    await dashboard.reads(job_id, ".answer", "The job cannot do that in its present phase.")
    await dashboard.hears("The job cannot do that in its present phase.")
    await dashboard.reads(job_id, ".stage", "Flashing system")


async def test_a_quarantine_is_told_with_its_reason_until_it_is_released(
    dashboard: Dashboard,
) -> None:
    rig, page = dashboard.rig, dashboard.page
    await rig.plug("BROKEN_1", quarantine=BROKEN)
    listed = 'document.querySelector("#quarantine li")?.textContent ?? ""'
    await page.shows(f"({listed}).includes('the last: The device was unplugged.')")
    await page.press("#quarantine button")
    await until(lambda: rig.hub.orders)
    assert isinstance(rig.hub.orders[-1], ReleaseOrder)
    await page.shows('document.getElementById("quarantine").hidden')


async def test_a_hubs_trouble_is_a_banner_until_it_is_gone(dashboard: Dashboard) -> None:
    hub, page = dashboard.rig.hub, dashboard.page
    hub.troubles = (FULL,)
    hub.say_presence()
    banner = 'document.getElementById("troubles")'
    await page.shows(f"{banner}.textContent === 'bench-a: The journal cannot be written.'")
    hub.troubles = ()
    hub.say_presence()
    await page.shows(f"{banner}.hidden")
