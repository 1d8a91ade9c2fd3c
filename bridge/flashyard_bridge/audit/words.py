"""The words that a line of the trail is found by: what was done, and what came of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

Action: TypeAlias = Literal[
    "start",
    "retry",
    "demo",
    "cancel",
    "pause",
    "resume",
    "change_job",
    "start_batch",
    "cancel_batch",
    "pause_batch",
    "resume_batch",
    "add_standing_order",
    "change_standing_order",
    "remove_standing_order",
    "upload_image",
    "delete_image",
    "change_device",
    "release_device",
    "forget_device",
    "change_hub",
    "forget_hub",
    "job_ended",
    "batch_ended",
    "end_overridden",
    "standing_order_stopped",
    "refused_at_the_door",
    "lines_lost",
    "trail_pruned",
    "history_pruned",
]

Outcome: TypeAlias = Literal[
    "accepted", "refused", "noted", "completed", "failed", "cancelled", "stopped"
]
