"""What a flight needs, put together: from a job, and from what all jobs of the hub share."""

from __future__ import annotations

from flashyard.agent.flight import Flight
from flashyard.agent.gear import Gear
from flashyard.agent.line import Line
from flashyard.agent.recovery.backoff import Again
from flashyard.agent.recovery.stall import Stall
from flashyard.agent.sampler import Sampler
from flashyard.agent.story import Story
from flashyard.flash.running.run import Keep, Run


def launch(
    story: Story, gear: Gear, line: Line, *, keep: Keep, reboot: bool, again: Again | None = None
) -> Flight:
    """Make the flight of a job, which begins, or goes on from its mark; see :class:`Flight`.

    ``again``: the link to its device broke, and this is the next attempt.
    """
    order, clock = story.order, gear.teller.clock.monotonic
    limit = story.job.bandwidth_limit
    run = Run(
        order.partitions,
        story.course.lines,
        clock,
        keep=keep,
        since=story.mark,
        allowance=gear.bandwidth.for_job(order.device_id, order.job_id, limit),
        stage=again.words if again else "Preparing",
    )
    return Flight(
        story,
        run,
        Sampler(run, order.total_bytes, gear.sample_every, clock),
        cache=gear.cache,
        supply=gear.supply,
        stall=Stall(clock, gear.timing.stalls),
        line=line,
        timing=gear.timing,
        part_size=gear.part_size,
        denied=gear.denied,
        boot_timeout=gear.boot_timeout,
        reboot=reboot,
        hold_off=again.delay if again else 0.0,
    )
