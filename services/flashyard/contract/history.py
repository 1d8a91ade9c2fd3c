"""What is on record of a job that ended: all its hub knows of it, and what its history adds."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from flashyard.contract.faults import Code
from flashyard.contract.model import (
    Count,
    DeviceId,
    HubId,
    JobId,
    Millis,
    Model,
    Name,
    Partition,
    Sentence,
)
from flashyard.contract.phases import Phase
from flashyard.contract.records import Job, LogLine
from flashyard.contract.requester import Requester

MAX_SPANS = 200
MAX_MISHAPS = 32
MAX_RECORD_LOG = 16 * 1024  # bytes

Teller: TypeAlias = Literal["hub", "bridge"]
"""Whose word an end is: the hub's own, or a bridge's that had not heard from it."""


class Span(Model):
    """A time a job spent in one phase, at Unix ms by its hub's clock; the length is monotonic.

    ``partition``: the step's it was at work on, where the phase has to do with one. A pause, a
    restart of the hub and a broken link end a span; what goes on is another one.
    """

    phase: Phase
    partition: Partition | None = None
    at: Millis
    duration_ms: Count


class Mishap(Model):
    """A fault that a job met on its way, whether or not it went on after it; at Unix ms."""

    at: Millis
    phase: Phase
    code: Code
    error: Sentence
    details: Sentence | None = None


class JobRecord(Model):
    """A finished job's full record, with its last ``seq`` and the last 16 KiB of its log.

    ``port``, ``serial``, ``product`` and ``emulated`` are those of the device it went to;
    ``version``: of the hub's flashyard; ``spans`` and ``mishaps``: the newest of many, oldest
    first; ``asked_by``: who had it started.
    """

    type: Literal["job_record"] = "job_record"
    job_id: JobId
    device_id: DeviceId
    hub_id: HubId
    timestamp: Millis
    seq: Count
    job: Job
    port: Name | None = None
    serial: Name | None = None
    product: Name | None = None
    emulated: bool | None = None
    version: Name | None = None
    asked_by: Requester | None = None
    spans: Annotated[tuple[Span, ...], Field(max_length=MAX_SPANS)] = ()
    mishaps: Annotated[tuple[Mishap, ...], Field(max_length=MAX_MISHAPS)] = ()
    log: tuple[LogLine, ...] = ()


class PastJob(Job):
    """A job as the history has it; REST's shape.

    ``duration_ms``: from its start to its end, pauses included; absent: it never began.
    ``told_by``: whose word its end is; ``recorded_at``: Unix ms by the bridge's clock. The rest is
    its record's.
    """

    told_by: Teller
    recorded_at: Millis
    duration_ms: Count | None = None
    port: Name | None = None
    serial: Name | None = None
    product: Name | None = None
    emulated: bool | None = None
    hub_version: Name | None = None
    asked_by: Requester | None = None
    spans: tuple[Span, ...] = ()
    mishaps: tuple[Mishap, ...] = ()


class HistoryPage(Model):
    """A page of ended jobs, the newest first; ``count`` is the page's."""

    history: tuple[PastJob, ...]
    count: Count
    next_cursor: str | None = None
