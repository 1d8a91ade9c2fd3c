"""What a flight needs, put together: from a job, and from what all jobs of the hub share."""

from __future__ import annotations

from flashyard.agent.flight import Flight
from flashyard.agent.gear import Gear
from flashyard.agent.line import Line
from flashyard.agent.sampler import Sampler
from flashyard.agent.story import Story
from flashyard.flash.running.run import Keep, Run


def launch(story: Story, gear: Gear, line: Line, *, keep: Keep, reboot: bool) -> Flight:
    """Make the flight of a job, which begins, or goes on from its mark; see :class:`Flight`."""
    order, clock = story.order, gear.teller.clock.monotonic
    limit = story.job.bandwidth_limit
    run = Run(
        order.partitions,
        story.lines,
        clock,
        keep=keep,
        since=story.mark,
        allowance=gear.bandwidth.for_job(order.device_id, order.job_id, limit),
    )
    return Flight(
        story,
        run,
        Sampler(run, order.total_bytes, gear.sample_every, clock),
        cache=gear.cache,
        line=line,
        timing=gear.timing,
        part_size=gear.part_size,
        denied=gear.denied,
        boot_timeout=gear.boot_timeout,
        reboot=reboot,
    )
