"""Jobs in the journal whose devices are not there: each gets an agent that waits, or its end."""

from __future__ import annotations

from collections.abc import Callable, Container

from flashyard.agent.clock import Clock
from flashyard.agent.ghosts import Lost, lost_job
from flashyard.agent.hotplug import Hotplug
from flashyard.agent.journal.ledger import Kept
from flashyard.agent.records.course import Course


def settle(
    kept: Kept,
    agents: Container[str],
    hotplug: Hotplug | None,
    *,
    clock: Clock,
    end: Callable[[Lost], None],
) -> None:
    """Have devices waited for that are not among the agents' and may come.

    Without USB none can come: their jobs are over; ``end`` writes that down, and it is told from
    the device's old record.
    """
    for each in list(kept.jobs):
        device_id = each.job.device_id
        if device_id not in agents and hotplug is not None:
            hotplug.remember(device_id, each.port)
        elif device_id not in agents:
            kept.jobs.remove(each)
            course = Course(clock)
            course.restore(each.course)
            end(lost_job(each.job, each.seq, course, clock, each.order.asked_by))
