"""A hub's devices on paper, each with its queue, and the permits they share: no loop, no clock.

It carries out what it is told and writes down who began while who could have; it judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from flashyard.agent.queueing.permits import Permit, Permits, Request
from flashyard.agent.queueing.queue import Queue
from flashyard.agent.queueing.turns import Turn, Turns


@dataclass(eq=False)
class PaperJob:
    """A waiting job. ``overtaken``: how often, by the room's own count; ``rank``: see `join`."""

    turn: Turn
    controller: str | None
    not_before: int = 0
    held: bool = False
    position: int = 0
    overtaken: int = 0
    rank: int = 0

    def is_due(self, now: int) -> bool:
        return not self.held and self.not_before <= now

    def moved_up(self, position: int) -> None:
        self.position = position


@dataclass
class PaperDevice:
    """One device; a job runs where there is a permit."""

    name: str
    controller: str | None
    queue: Queue[PaperJob]
    request: Request | None = None
    permit: Permit | None = None
    passed: list[PaperJob] = field(default_factory=list)


class Beginning(NamedTuple):
    """A job that began, and those that could have as well, on its device and on others."""

    job: PaperJob
    passed: list[PaperJob]


class WaitingRoom:
    """The devices of a hub, and what happened."""

    def __init__(
        self, controllers: dict[str, str | None], limit: int, share: int, bound: int
    ) -> None:
        self.controllers, self.limit, self.share, self.bound = controllers, limit, share, bound
        self.now = 0
        self.kept: dict[str, Turn] = {}  # by job, as a journal keeps them
        self.begun: list[Beginning] = []
        self._came = 0
        self._open()

    def _open(self) -> None:
        self.turns = Turns(self._keep, self.bound)
        self.permits = Permits(self.turns, self.limit, self.share)
        self.devices = {
            name: PaperDevice(name, controller, Queue(self.turns, lambda: self.now))
            for name, controller in self.controllers.items()
        }

    def _keep(self, turn: Turn) -> None:
        self.kept[turn.job_id] = replace(turn)

    @property
    def waiting(self) -> list[PaperJob]:
        return [job for device in self.devices.values() for job in device.queue]

    @property
    def running(self) -> list[PaperDevice]:
        return [device for device in self.devices.values() if device.permit]

    def join(self, name: str, priority: int, not_before: int, *, held: bool) -> PaperJob:
        device = self.devices[name]
        turn = self.turns.deal(f"job {self._came}", priority)
        self._keep(turn)  # with the job itself
        job = PaperJob(turn, device.controller, not_before, held)
        self.rank(job)
        job.position = device.queue.join(job)
        return job

    def rank(self, job: PaperJob) -> None:
        """Put a job behind all that came before, and count anew."""
        self._came += 1
        job.rank, job.overtaken = self._came, 0

    def change(self, job: PaperJob, priority: int) -> None:
        if self.device_of(job).queue.change(job, priority):
            self.rank(job)

    def leave(self, job: PaperJob) -> None:
        self.device_of(job).queue.leave(job)
        del self.kept[job.turn.job_id]

    def device_of(self, job: PaperJob) -> PaperDevice:
        return next(device for device in self.devices.values() if job in device.queue)

    def end(self, device: PaperDevice) -> None:
        assert device.permit
        permit, device.permit = device.permit, None
        self.permits.give(permit)

    def restart(self) -> None:
        """Forget all but what is kept; what ran is over."""
        before = {device.name: list(device.queue) for device in self.devices.values()}
        self._open()
        for name, jobs in before.items():
            for job in reversed(jobs):  # in whatever order a journal hands them out
                job.turn = self.turns.restore(replace(self.kept[job.turn.job_id]))
                job.position = self.devices[name].queue.join(job)

    def settle(self) -> None:
        """Let each idle device call up its next job until nothing moves any more."""
        while any(self._call_up(device) for device in self.devices.values()):
            pass

    def _call_up(self, device: PaperDevice) -> bool:
        """Ask for the next job's permit, or begin it; False: there is nothing to be done."""
        first = device.queue.next()
        asked, device.request = device.request, None
        if asked is None and (first is None or device.permit):
            return False
        if asked is not None and asked.permit and first and asked.turn is first.turn:
            device.permit = asked.permit
            self._begin(device, first)
            return True
        if asked is not None:
            self.permits.withdraw(asked)
        if first is None:
            return True
        device.passed = []
        device.request = self.permits.ask(
            device.controller, first.turn, partial(self._granted, device)
        )
        return asked is None or asked.turn is not first.turn or device.request.permit is not None

    def _granted(self, device: PaperDevice) -> None:
        """Note whom a device's job passed at the permits: whoever could have had this one."""
        out = [each.controller for each in self.devices.values() if each.permit]
        out += [
            each.controller
            for each in self.devices.values()
            if each is not device and each.request and each.request.permit
        ]
        for other in self.devices.values():
            if other is not device and other.request and not other.request.permit:
                is_full = 0 < self.share <= out.count(other.controller)
                if other.controller is None or not is_full:
                    device.passed += [j for j in other.queue if j.turn is other.request.turn]

    def _begin(self, device: PaperDevice, job: PaperJob) -> None:
        device.queue.begin(job)
        del self.kept[job.turn.job_id]
        able = [each for each in device.queue if each.is_due(self.now)]
        beginning = Beginning(job, [*able, *device.passed])
        for each in beginning.passed:
            each.overtaken += each.rank < job.rank
        self.begun.append(beginning)
