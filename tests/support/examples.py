"""One good example of every message, from which the golden files are made."""

from __future__ import annotations

from typing import Any

from flashyard.contract import messages, orders
from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashFailed
from flashyard.contract.model import Model
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import ImageRef, LogLine, StartOptions, StoredImage
from support.hub_script import START, HubScript, Published

JOB = "job_1703001234_abc123"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def examples() -> dict[str, Model]:
    """Name of the golden file -> the message in it."""
    hub = HubScript()
    presence = hub.presence(announced=START).report
    waiting, _ = hub.queue(JOB)
    started, _ = hub.start(JOB)
    sample = hub.sample(455_000)
    paused, _ = hub.pause()
    resumed, busy = hub.resume()
    full, completed, idle, record = hub.complete()
    *_, failed = [each.report for each in _refused() if isinstance(each.report, FlashFailed)]
    image = StoredImage(
        sha256=SHA256,
        name="system.img",
        size=1_048_576,
        kind="sparse",
        expanded_size=8_388_608,
        content_size=4_194_304,
        created_at=START,
    )
    of_hub: dict[str, Any] = {"order_id": "o-1", "session": "s1", "issued_at": START}
    order = of_hub | {"job_id": JOB}
    ref = ImageRef(sha256=SHA256, name="system.img", size=1_048_576)
    said = {
        "flash_queued": waiting.report,
        "flash_started": started.report,
        "flash_progress": sample.report,
        "flash_progress_full": full.report,
        "flash_paused": paused.report,
        "flash_resumed": resumed.report,
        "flash_completed": completed.report,
        "flash_failed": failed,
        "device_changed": idle.report,
        "device_changed_busy": busy.report,
        "device_gone": messages.DeviceGone(
            device_id="PIXEL6_001", hub_id="bench-a", timestamp=START
        ),
        "hub_changed": presence,
        "hub_gone": messages.HubGone(hub_id="bench-a", timestamp=START),
        "pong": messages.Pong(timestamp=START, echo=START - 3),
        "flash_log": messages.FlashLog(
            job_id=JOB,
            device_id="PIXEL6_001",
            hub_id="bench-a",
            timestamp=START,
            lines=(LogLine(at=START, text="INFO erasing 'system_a'"),),
        ),
        "job_record": record.report.with_(
            job=record.report.job.with_(image=ref),  # type: ignore[union-attr]  # a JobRecord
            log=(LogLine(at=START, text="completed"),),
        ),
        "announce": orders.Announce(now=START),
        "start_order": orders.StartOrder(
            **order,
            device_id="PIXEL6_001",
            device_name="Google Pixel 6",
            partition="system",
            total_bytes=4_194_304,
            image=image,
            query="hub=bench-a&expires=1703087634&signature=abc",
            options=StartOptions(erase=True, reboot=False),
            attempt=2,
            retry_of="job_1703000000_abc122",
        ),
        "cancel_order": orders.CancelOrder(**order),
        "pause_order": orders.PauseOrder(**order),
        "resume_order": orders.ResumeOrder(**order),
        "image_order": orders.ImageOrder(**order, sha256=SHA256, query="hub=bench-a&expires=1"),
        "limits_order": orders.LimitsOrder(**order, priority=9, bandwidth_limit=0),
        "limits_order_hub": orders.LimitsOrder(**of_hub, max_parallel=4, download_limit=1_000_000),
        "release_order": orders.ReleaseOrder(**of_hub, device_id="PIXEL6_001"),
        "answer": orders.Answer(order_id="o-1", accepted=True),
        "receipt": orders.Receipt(
            order_id="o-1", accepted=True, job_id=JOB, status=Status.QUEUED, position=1
        ),
        "receipt_refused": orders.Receipt(
            order_id="o-1",
            accepted=False,
            job_id=JOB,
            status=Status.FAILED,
            code=Code.QUEUE_FULL,
            error="The device's queue is full.",
        ),
        "recorded": orders.Recorded(job_ids=(JOB,), history_id="h1"),
    }
    return dict(said)


def _refused() -> list[Published]:
    hub = HubScript()
    said = [*hub.start(JOB), *hub.phase(Phase.WRITING, "Flashing system partition", 100_000)]
    return [*said, *hub.fail(Code.DEVICE_REFUSED)]
