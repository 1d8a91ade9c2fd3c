"""What all device agents of a hub share."""

from __future__ import annotations

from dataclasses import dataclass

from flashyard.agent.bandwidth import Bandwidth
from flashyard.agent.bounded import Bounded
from flashyard.agent.cache import ImageCache
from flashyard.agent.journal.ledger import Ledger
from flashyard.agent.queueing.permits import Permits
from flashyard.agent.queueing.turns import Turns
from flashyard.agent.records.repeater import Repeater
from flashyard.agent.recovery.quarantine import Quarantines
from flashyard.agent.recovery.supply import Supply
from flashyard.agent.telling import Teller
from flashyard.agent.timing import Timing
from flashyard.contract.phases import Status


@dataclass(frozen=True, slots=True)
class Gear:
    """Handed to every agent.

    Attributes:
        teller: how jobs are told.
        ledger: where they are written down.
        repeater: tells their records, once they are over.
        session: of this run of the hub.
        cache: where images are.
        bandwidth: how fast jobs may send.
        turns: of the jobs that wait.
        supply: where they come from.
        quarantines: the places that take no jobs.
        retries: how often a job goes on after the link to its device broke.
        permits: how many jobs may run at once.
        fetches: can images be fetched at all?
        ended: the jobs that are over, with how they ended, as far as is remembered.
        part_size: the most bytes a device is sent before it writes them.
        denied: patterns of partitions that are written only where a job allows it.
        boot_timeout: seconds a device has to be seen to start.
        sample_every: seconds between two samples of a job.
        timing: everything else that takes time.
    """

    teller: Teller
    ledger: Ledger
    repeater: Repeater
    session: str
    cache: ImageCache
    bandwidth: Bandwidth
    turns: Turns
    supply: Supply
    quarantines: Quarantines
    retries: int
    permits: Permits
    fetches: bool
    ended: Bounded[str, Status]
    part_size: int
    denied: tuple[str, ...]
    boot_timeout: float
    sample_every: float
    timing: Timing
