"""What was asked for, by whom, when, from where, and what came of it: one line each."""

from __future__ import annotations

from typing import Any

from flashyard.contract.faults import Code
from flashyard.contract.model import Count, DeviceId, HubId, JobId, Millis, Model, Name, Sentence
from flashyard.contract.requester import Requester


class AuditEntry(Model):
    """A line of the audit trail; never changed once it is there.

    Attributes:
        at: Unix ms by the bridge's clock.
        action: what was asked for, such as ``start``, ``cancel`` or ``delete_image``; or what a
            bridge noted by itself, such as ``end_overridden``.
        requester: who asked; absent: the bridge noted it.
        job_id, device_id, hub_id, subject: what it was about; ``subject`` is the id of anything
            else.
        outcome: ``accepted`` or ``refused``, with the refusal's ``code`` and sentence in
            ``error``; ``noted``.
        details: what was asked in particular, or was there before; no secrets.
    """

    at: Millis
    action: Name
    requester: Requester | None = None
    job_id: JobId | None = None
    device_id: DeviceId | None = None
    hub_id: HubId | None = None
    subject: Name | None = None
    outcome: Name
    code: Code | None = None
    error: Sentence | None = None
    details: dict[str, Any] | None = None


class NumberedEntry(AuditEntry):
    """A line as the trail has it; ``number`` only grows, and none is used twice."""

    number: Count


class AuditPage(Model):
    """A page of the trail, the newest first."""

    audit: tuple[NumberedEntry, ...]
    count: Count
    next_cursor: str | None = None
