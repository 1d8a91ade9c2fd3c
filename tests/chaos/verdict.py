"""What may be said of a storm once it is over: complaints, of which there must be none; a table."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from statistics import mean
from typing import Any

from chaos.cargo import PART_SIZE, Cargo, generated, holds
from chaos.ear import End
from chaos.errand import Fate
from chaos.job import Job
from chaos.storm import Round, Storm
from chaos.system import Victim
from flashyard.contract.phases import Phase, Status

_HEAD = (
    *("killed", "kills", "jobs", "completed", "failed", "cancelled", "paused", "resumed"),
    *("KiB again each time: most", "mean", "longest recovery, s"),
)

_WHEN = {
    "whenever": "whenever it came",
    "asked": "while a start was asked for",
    "answered": "when one was just answered",
    Phase.IDENTIFYING: "while a job was identifying",
    Phase.FINISHING: "while one was finishing",
    Phase.QUEUED: "while one was queued",
    Status.PAUSED: "while one was paused",
}


class Verdict:
    """Judges a storm whose system has come to rest, before it is stopped and after it was."""

    def __init__(self, storm: Storm) -> None:
        self.complaints: list[str] = []
        self._storm = storm
        self._withdrawn: Counter[str] = Counter()  # bytes that were flashed for nothing, by errand
        self._unseen = 0  # jobs of which the browser heard nothing

    async def while_it_runs(self) -> None:
        """What only the system itself can tell: which jobs there are, and how they ended."""
        for now in self._storm.rounds:
            for job in now.jobs:
                self._complain(now, job, self._known(job, now.known))
                self._complain(now, job, self._told(now, job))
            victim, browser = now.killer.victim, now.browser
            self.complaints += [f"{victim}: a browser heard {it}" for it in browser.complaints()]
            if (
                victim in {Victim.HUB, Victim.BROKER, Victim.DATABASE}
                and len(browser.connections) > 1
            ):
                self.complaints.append(f"{victim}: a healthy browser was dropped")

    def when_it_is_over(self) -> None:
        """What the devices tell: what they hold, and what it took. Their ledger is complete.

        And what is stored: nobody is there any more who could store the rest.
        """
        self._storm.archive.read()
        self.complaints += self._stored()
        self._storm.ledger.read()
        for now in self._storm.rounds:
            for job in now.jobs:
                if job.end:
                    self._complain(now, job, self._held(job))
                    self._complain(now, job, self._kept(job))

    def table(self) -> str:
        """Tell what came of each kind of kill."""
        rows = [_HEAD, *(self._row(now) for now in self._storm.rounds)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = [
            "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        stored = f"{len(self._storm.archive.jobs)} jobs in the history"
        rest = f"{len(self._withdrawn)} starts withdrawn, {self._unseen} jobs nobody saw"
        return "\n".join([*table, f"killed {self._moments()}; {stored}; {rest}"])

    def again(self, job: Job) -> int:
        """How many bytes more a device was sent than its job takes, and one that was withdrawn."""
        known = self._wire(job) + self._withdrawn[job.errand.name]
        return max(0, self._storm.ledger.received[job.errand.name] - known)

    def _moments(self) -> str:
        moments = sum((now.killer.kills.moments for now in self._storm.rounds), Counter[str]())
        return ", ".join(
            f"{count} times {_WHEN[moment]}" for moment, count in moments.most_common()
        )

    def _stored(self) -> Iterator[str]:
        """Is each that ended in the history once, by its hub's word, and nothing else?"""
        told, stored = self._ends(), self._storm.archive.jobs
        lines = self._storm.archive.lines("job_ended")
        yield from (f"{job_id} is stored, and never ended" for job_id in stored.keys() - told)
        for job_id, ends in told.items():
            kept = stored.get(job_id, [])
            if len(kept) != 1:
                yield f"{job_id} is in the history {len(kept)} times"
            for one in kept:
                if {End(one.status, one.code)} != ends:
                    yield f"{job_id} is {one.status} {one.code} in the history, and ended {ends}"
                if lines[job_id] != 1:
                    yield f"{job_id} has {lines[job_id]} ends in the audit trail"
                if one.told_by != "hub":
                    yield f"{job_id} is in the history by the {one.told_by}'s word"

    def _ends(self) -> dict[str, set[End]]:
        """How each job ended, by everybody's word."""
        ends = {job_id: set(told) for job_id, told in self._storm.ear.ends.items() if told}
        for now in self._storm.rounds:
            for job in now.jobs:
                if job.end:
                    ends.setdefault(job.job_id, set()).add(_end(job.end))
        return ends

    def _row(self, now: Round) -> tuple[str, ...]:
        ends = Counter(str(job.end.get("status", "none")) for job in now.jobs)
        codes = Counter(job.end["code"] for job in now.jobs if job.end.get("status") == "failed")
        resumed = [job for job in now.jobs if job.breaks and _is_completed(job)]
        again = [self.again(job) // (job.breaks + job.pauses) // 1024 for job in resumed]
        failed = ", ".join(f"{count} {code}" for code, count in codes.most_common()) or "0"
        return (
            now.killer.victim.value,
            str(now.killer.kills.count),
            str(len(now.jobs)),
            str(ends["completed"]),
            failed,
            str(ends["cancelled"]),
            str(sum(job.pauses for job in now.jobs)),
            str(len(resumed)),
            str(max(again, default=0)),
            f"{mean(again):.0f}" if again else "0",
            f"{max(now.killer.kills.recoveries, default=0):.1f}",
        )

    def _complain(self, now: Round, job: Job, found: Iterator[str]) -> None:
        what = f"{now.killer.victim}: {job.errand.name} {job.job_id} ({job.errand.fate})"
        self.complaints += [f"{what} {words}" for words in found]

    def _known(self, job: Job, known: dict[str, dict[str, Any]]) -> Iterator[str]:
        """Is there one job of it, ended as its user was told?"""
        yield from job.trouble
        if not job.job_id:
            return
        partitions = job.errand.partitions
        listed = {job_id for job_id, each in known.items() if each["partition"] in partitions}
        others = (listed | set(self._storm.ear.jobs_of(job.errand.name))) - {job.job_id}
        for other in others:
            one = known.get(other, {})
            if job.asked > 1 and one.get("status") == "cancelled":
                # Whoever asked was told that it failed to start, and so it was withdrawn.
                written = one["bytesTransferred"] + PART_SIZE if "startedAt" in one else 0
                self._withdrawn[job.errand.name] += written
                continue
            ends = sorted(map(str, self._storm.ear.ends[other]))
            yield f"was started more than once: {other} {ends}, asked {job.asked} times"
        told = known.get(job.job_id)
        if told is None:
            yield "is not known any more"
        elif job.end and _end(told) != _end(job.end):
            yield f"ended {_end(job.end)}, and is {_end(told)} later"

    def _told(self, now: Round, job: Job) -> Iterator[str]:
        """Does everybody tell the same end, and once?"""
        if not job.end:
            return
        ends = {_end(job.end), *self._storm.ear.ends[job.job_id]}
        if len(ends) > 1:
            yield f"ended in several ways: {', '.join(map(str, ends))}"
        if len(seqs := self._storm.ear.sequences[job.job_id]) > 1:
            yield f"ended several times: {sorted(seqs)}"
        yield from self._seen(now, job)
        if job.end["status"] == "cancelled" and job.errand.fate is not Fate.CANCELLED:
            yield "was cancelled by nobody"
        if job.end["status"] == "failed":
            if job.end["code"] != "interrupted":
                yield f"failed with {job.end['code']}: {job.end.get('error')}"
            elif not job.end.get("deviceState"):
                yield "was interrupted, and does not tell what is on the device"

    def _seen(self, now: Round, job: Job) -> Iterator[str]:
        """Did the browser hear the end once on a connection?

        What ended while its bridge heard nothing, and was never told of on the connection that
        there is, shows nowhere, and is not told later.
        """
        told = [watcher.letters(job.job_id) for watcher in now.browser.connections]
        ends = max(watcher.ends(job.job_id) for watcher in now.browser.connections)
        if not ends and not told[-1] and self._storm.system.was_away(job.end["finishedAt"]):
            self._unseen += 1
        elif ends != 1:
            yield f"ended {ends} times for a browser, which was told {told}"

    def _kept(self, job: Job) -> Iterator[str]:
        """Does the history have all of its steps, and the bytes that its user was told of?"""
        for one in self._storm.archive.jobs.get(job.job_id, []):
            if one.steps != len(job.errand.partitions):
                yield f"has {one.steps} steps in the history"
            if one.bytes != job.end.get("bytesTransferred"):
                yield f"has {one.bytes} bytes in the history, not {job.end['bytesTransferred']}"

    def _held(self, job: Job) -> Iterator[str]:
        """Does the device hold what it should, and did it take no more than it may?"""
        ledger = self._storm.ledger
        if _is_completed(job):
            folder = self._storm.system.folder / job.errand.device
            for partition, cargo in zip(job.errand.partitions, self._cargo(job), strict=True):
                if not holds(folder / f"{partition}.img", cargo.content):
                    yield f"is completed, and {partition} holds something else"
        elif job.end.get("code") == "interrupted" and not self._is_written(job):
            yield "was interrupted before all of it was written, and not gone on with"
        for partition, parts in job.parts.items():
            if ledger.flashed[partition] != parts:
                yield f"had ended, and {partition} was written again"
        breaks = job.breaks + job.pauses
        if self.again(job) > breaks * PART_SIZE:
            yield f"took {self.again(job)} bytes more than it has, at {breaks} interruptions"

    def _is_written(self, job: Job) -> bool:
        flashed = self._storm.ledger.flashed
        pairs = zip(job.errand.partitions, self._cargo(job), strict=True)
        return all(flashed[partition] >= len(cargo.parts) for partition, cargo in pairs)

    def _cargo(self, job: Job) -> list[Cargo]:
        if not job.errand.images:
            return [generated(job.job_id, job.errand.size)]
        return [self._storm.cargoes[name] for name in job.errand.images]

    def _wire(self, job: Job) -> int:
        return sum(sum(cargo.parts) for cargo in self._cargo(job))


def _is_completed(job: Job) -> bool:
    return job.end.get("status") == "completed"


def _end(job: dict[str, Any]) -> End:
    return End(job["status"], job.get("code"))


async def judge(storm: Storm) -> Verdict:
    """Stop the storm's system, and tell of it."""
    verdict = Verdict(storm)
    await verdict.while_it_runs()
    await storm.system.stop()
    await asyncio.to_thread(verdict.when_it_is_over)
    return verdict
