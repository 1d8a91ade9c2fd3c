"""Whatever runs, heard for as long as one listens: jobs come and go, the connection comes back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from flashyard.client.bridge import Bridge
from flashyard.client.follow import Caught, Changed, Gap, News
from flashyard.client.live import Closed, Heard, Live, Opened
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.faults import FaultError
from flashyard.contract.messages import Event, FlashCompleted, FlashFailed, FlashStarted
from flashyard.contract.records import Job
from flashyard.contract.tracked import told

_QUIET = 60.0  # seconds; only a bound on the wait


async def overhear(bridge: Bridge, device_ids: Sequence[str] | None = None) -> AsyncGenerator[News]:
    """Yield what changes in any job, or in the jobs of these devices, without end.

    Raises:
        UnreachableError: there is no bridge to begin with.
        FaultError: `not_allowed`.
    """
    known: dict[str, Job] = {}
    lost = False
    for job in await bridge.jobs():
        if device_ids is None or job.device_id in device_ids:
            known[job.job_id] = job
            yield Changed(job, job.started_at or job.queued_at)
    async with Live(bridge.url, bridge.token, device_ids=device_ids) as live:
        while True:
            match await live.hear(_QUIET):
                case Heard(message, text) if isinstance(message, Event) and (
                    device_ids is None or message.device_id in device_ids
                ):
                    now = await _now(bridge, known.pop(message.job_id, None), message)
                    if now is not None:
                        yield Changed(now, message.timestamp, text)
                        if not now.is_final:
                            known[now.job_id] = now
                case Closed(reason) if not lost:
                    lost = True
                    yield Gap(reason)
                case Opened():
                    for news in await _missed(bridge, known, lost=lost):
                        yield news
                    lost = False


async def _now(bridge: Bridge, job: Job | None, event: Event) -> Job | None:
    """Tell the job after an event; REST knows the whole of one that is new, begins, or ended."""
    if job is not None and not isinstance(event, FlashStarted | FlashCompleted | FlashFailed):
        return told(job, event)
    try:
        return await bridge.job(event.job_id)
    except (FaultError, UnreachableError):
        return None if job is None else told(job, event)


async def _missed(bridge: Bridge, known: dict[str, Job], *, lost: bool) -> list[News]:
    """Tell which jobs ended unheard, and forget them: of ends the live snapshot does not tell.

    ``lost``: the bridge was out of reach; that it is back is told last.
    """
    missed: list[News] = []
    for job_id in list(known):
        try:
            job = await bridge.job(job_id)
        except (FaultError, UnreachableError):
            continue
        if job.is_final:
            del known[job_id]
            missed.append(Changed(job, job.finished_at or job.queued_at))
    return [*missed, Caught()] if lost else missed
