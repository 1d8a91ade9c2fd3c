"""An ended job as a terminal shows it: in a row among others, fact by fact, by phases. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flashyard.cli.amounts import rate, size
from flashyard.cli.outcome import rolled_back
from flashyard.contract.history import Mishap, PastJob, Span
from flashyard.contract.phases import Status
from flashyard.contract.records import StepRecord
from flashyard.contract.requester import Requester
from flashyard.moment import moment_of

HEADS = ("JOB", "ENDED", "DEVICE", "PORT", "PARTITION", "IMAGE", "TOOK", "BY", "VERIFIED", "END")
SPARE = ("IMAGE", "TOOK", "PARTITION", "BY", "VERIFIED", "PORT")
WHOLE = ("ENDED", "TOOK")  # that say nothing where they are cut
TAILS = ("PORT",)  # that begin with what many have in common
STEP_HEADS = ("PARTITION", "PLACE", "END", "WRITTEN", "IMAGE")
SPAN_HEADS = ("AT", "PHASE", "PARTITION", "TOOK")
MISHAP_HEADS = ("AT", "PHASE", "CODE", "WHAT")


def row(job: PastJob) -> Sequence[str]:
    """Make its row among all."""
    return (
        job.job_id,
        short_stamp(job.finished_at or job.queued_at),
        job.device_id,
        job.port or "",
        _where(job),
        job.image.name if job.image else "",
        took(job.duration_ms),
        _by(job.asked_by),
        job.verification,
        _end(job),
    )


def facts(job: PastJob) -> Sequence[tuple[str, str]]:
    """Tell all of it but its tables, fact by fact."""
    image, way_back = job.image, job.rollback
    amount = f"{size(job.bytes_transferred)} of {size(job.total_bytes)}"
    speed = f", {rate(job.average_speed)} on average" if job.average_speed else ""
    named = job.device_name if job.device_name != job.device_id else None
    told = {
        "job": job.job_id,
        "end": job.status,
        "why": job.error or job.code,
        "code": job.code,
        "details": job.details,
        "hint": job.hint,
        "left": job.device_state,
        "rollback": way_back and f"{way_back.kind}: {rolled_back(way_back)}",
        "verified": job.verification,
        "device": f"{job.device_id} ({named})" if named else job.device_id,
        "serial": job.serial,
        "product": job.product,
        "emulated": "yes" if job.emulated else None,
        "hub": job.hub_id,
        "port": job.port,
        "version": job.hub_version,
        "image": image and f"{image.name} ({size(image.size)})",
        "sha256": image and image.sha256,
        "written": f"{amount}{speed}",
        "asked by": job.asked_by and asker(job.asked_by),
        "retry of": job.retry_of and f"{job.retry_of} (attempt {job.attempt})",
        "queued": stamp(job.queued_at),
        "started": job.started_at and stamp(job.started_at),
        "ended": job.finished_at and stamp(job.finished_at),
        "took": took(job.duration_ms),
        "told by": "the bridge alone: its hub was lost" if job.told_by == "bridge" else None,
    }
    return [(name, str(value)) for name, value in told.items() if value]


def step_row(step: StepRecord, whole: PastJob) -> Sequence[str]:
    """Make the row of one of its partitions; ``whole``: its job, which may have but one image."""
    image = step.image or (whole.image.sha256 if whole.image else "")
    return step.partition, step.place or "", step.status, size(step.bytes), image[:16]


def span_row(span: Span) -> Sequence[str]:
    """Make the row of a time it spent in one phase."""
    phase = span.phase.replace("_", " ")
    return stamp(span.at), phase, span.partition or "", took(span.duration_ms)


def mishap_row(mishap: Mishap) -> Sequence[str]:
    """Make the row of a fault it met."""
    details = f" ({mishap.details})" if mishap.details else ""
    phase = mishap.phase.replace("_", " ")
    return stamp(mishap.at), phase, mishap.code, f"{mishap.error}{details}"


def asker(asked: Requester) -> str:
    """Tell who asked, and from where."""
    who = asked.identity or asked.user or "somebody"
    said = f" (for {asked.user})" if asked.identity and asked.user else ""
    place = f" from {asked.address}" if asked.address else ""
    program = f" with {asked.agent}" if asked.agent else ""
    behalf = f"; {asked.on_behalf}" if asked.on_behalf else ""
    return f"{who}{said}{place}{program}{behalf}"


def stamp(millis: int) -> str:
    """Tell a moment (Unix ms) by the day and the second, here."""
    at = moment_of(millis).astimezone()
    return at.strftime("%Y-%m-%d %H:%M:%S")


def short_stamp(millis: int) -> str:
    """Tell it as shortly as it can be meant: today's without the day, this year's without year."""
    at, now = (
        moment_of(millis).astimezone(),
        datetime.now().astimezone(),
    )
    if at.date() == now.date():
        return at.strftime("%H:%M:%S")
    return at.strftime("%m-%d %H:%M" if at.year == now.year else "%Y-%m-%d")


def took(millis: int | None) -> str:
    """Tell a span of time well enough to compare: ``83 ms``, ``4.2 s``, ``2:07``, ``1:04:07``."""
    if millis is None:
        return ""
    if millis < 1_000:
        return f"{millis} ms"
    if millis < 59_950:
        return f"{millis / 1000:.1f} s"
    minutes, seconds = divmod(round(millis / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _where(job: PastJob) -> str:
    """Tell the partition, and of several the one it came to."""
    several = len(job.steps)
    if several < 2:
        return job.partition
    done = sum(step.status is Status.COMPLETED for step in job.steps)
    return f"{job.partition} {min(done + 1, several)}/{several}"


def _by(asked: Requester | None) -> str:
    """Name who asked as well as is known; what nobody checked `facts` tells apart."""
    return (asked and (asked.identity or asked.user or asked.address)) or ""


def _end(job: PastJob) -> str:
    """Tell how it ended, and why so where that is not said by it."""
    why = None if job.status is Status.COMPLETED else job.code or job.error
    return f"{job.status}: {why}" if why and why != job.status else job.status
