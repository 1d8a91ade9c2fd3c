"""A job as the counters of its run show it; what was told once never falls."""

from __future__ import annotations

from flashyard.contract.phases import Phase
from flashyard.contract.records import Job, StepRecord
from flashyard.flash.running.meter import Reading
from flashyard.flash.running.run import Run, Where

# The phases in which it is at work on one partition.
_OF_A_STEP = frozenset({Phase.ERASING, Phase.WRITING, Phase.SYNCING, Phase.VERIFYING})


def tallied(
    job: Job, images: tuple[str | None, ...], run: Run, where: Where, reading: Reading
) -> Job:
    """Take over what the counters say; ``images``: the SHA-256 of each step's, of several."""
    return job.with_(
        phase=where.phase,
        stage=where.stage,
        steps=tuple(
            StepRecord(
                partition=step.partition,
                status=step.status,
                bytes=step.bytes,
                image=sha256,
                place=step.place,
            )
            for step, sha256 in zip(run.steps, images, strict=True)
        ),
        partition=run.steps[where.step].partition,
        progress=max(reading.progress, job.progress),
        bytes_transferred=max(reading.bytes, job.bytes_transferred),
        transfer_speed=reading.speed,
        average_speed=reading.average,
        estimated_time_remaining=reading.eta,
        verification=run.verification,
    )


def partition_of(run: Run, where: Where) -> str | None:
    """Tell the partition that a run is at work on there; None: its phase has to do with none."""
    return run.steps[where.step].partition if where.phase in _OF_A_STEP else None
