"""Every waiting time of the agent in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flashyard.agent.recovery.backoff import IMAGE, LINK, RECORD, Backoff
from flashyard.agent.recovery.stall import DEADLINES, Deadline
from flashyard.contract.phases import Phase
from flashyard.flash.fastboot.limits import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds, unless it says otherwise.

    Attributes:
        probe_every: between two looks at an idle device.
        probe_when_wanted: between two looks at a device that a queued job waits for.
        misses: looks in a row without an answer until a device counts as offline (a count).
        look_at_queue: between two looks at what the waiting jobs wait for, be it the time of day.
        wait_for_device: how long a queued job waits for a device that is gone.
        look_for: how long a device that is to be brought back is looked for.
        look_at_run: between two looks at a running job's counters; phases are told so promptly.
        repeat_record: how often a running job's device record is repeated.
        refresh_record: how often an idle device's record is, so that it ages in days, not weeks.
        forget_device: after which an unseen device's record is removed.
        own_echo: how long to wait for the own presence to come back, after the retained records
            that an earlier run left; without, the hub says so and goes on.
        settle: how long a connection must stand before another process's jobs are given up; NATS
            holds one that was thrown out for a second, and then it backs off once more.
        first_looks: in which every device was looked at once, or the hub is ready without.
        safe_point: how long a running job gets to reach one when the hub stops.
        let_go: how long the thread of a job given up gets to end before the device counts as stuck;
            shorter than ``farewell``.
        stalls: without a sign of life, by phase.
        image_again: between two attempts to reach the image store.
        link_again: before a job goes on whose link to the device broke.
        record_again: before a record is told again that no history has acknowledged.
        farewell: how long the broker gets to acknowledge that the hub goes.
        probing: the deadlines of a look.
        flashing: the deadlines of a job.
    """

    probe_every: float = 5.0
    probe_when_wanted: float = 1.0
    misses: int = 3
    look_at_queue: float = 1.0
    wait_for_device: float = 30.0
    look_for: float = 60.0
    look_at_run: float = 0.1
    repeat_record: float = 10.0
    refresh_record: float = 3600.0
    forget_device: float = 7 * 86400.0
    own_echo: float = 3.0
    settle: float = 3.0
    first_looks: float = 5.0
    safe_point: float = 8.0
    let_go: float = 1.0
    stalls: Mapping[Phase, Deadline] = field(default_factory=lambda: DEADLINES)
    image_again: Backoff = IMAGE
    link_again: Backoff = LINK
    record_again: Backoff = RECORD
    farewell: float = 2.0
    probing: Limits = field(
        default_factory=lambda: Limits(connect=2.0, handshake=2.0, getvar=2.0, question=10.0)
    )
    flashing: Limits = DEFAULT_LIMITS
