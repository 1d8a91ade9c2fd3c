"""The rows of the journal: jobs that are not over, the last that are, keys, claims, limits.

It knows no agent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event

from flashyard.agent.journal import courses, unrecorded
from flashyard.agent.journal.journal import Journal
from flashyard.agent.queueing.turns import Turn
from flashyard.agent.records.course import Noted
from flashyard.agent.recovery.quarantine import Record
from flashyard.contract.faults import Code, refuse
from flashyard.contract.history import JobRecord
from flashyard.contract.model import Model
from flashyard.contract.orders import StartOrder
from flashyard.contract.records import MAX_RECENT, Job, RecentEntry
from flashyard.flash.running.mark import Mark

KEPT_ENDS = 10_000
KEPT_KEYS = 10_000
KEPT_CLAIMS = 1_000
KEYS_LIVE_MS = 48 * 3600 * 1000  # longer than they count, lest a clock set forward lose them
_LONGEST = 500  # characters of what is strange

_KEEP = """
INSERT INTO jobs (job_id, device_id, port, said, job, seq, place, overtaken)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (job_id) DO UPDATE SET said = excluded.said, job = excluded.job, seq = excluded.seq
WHERE excluded.seq >= jobs.seq
"""


@dataclass(frozen=True, slots=True)
class KeptJob:
    """A job that is not over, as it was written down last.

    ``mark``: where its run stood, if it had begun; ``port``: where its device was; ``course``: what
    happened to it by then.
    """

    order: StartOrder
    job: Job
    seq: int
    turn: Turn
    mark: Mark | None
    port: str
    course: Sequence[Noted] = ()


@dataclass(frozen=True, slots=True)
class KeptKey:
    """An idempotency key that was used, at Unix ms, for a job of this ``body``."""

    device_id: str
    key: str
    job_id: str
    body: str
    at: int


@dataclass(frozen=True, slots=True)
class KeptClaim:
    """Of a job that was asked for several times: as what it was, and does that one want it yet?"""

    asked_as: str
    job_id: str
    is_wanted: bool


@dataclass(slots=True)
class Kept:
    """All that an earlier run of the hub wrote down, in the order it came."""

    jobs: list[KeptJob] = field(default_factory=list)
    ended: list[tuple[str, RecentEntry]] = field(default_factory=list)  # device id, entry
    keys: list[KeptKey] = field(default_factory=list)
    claims: list[KeptClaim] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)  # by what is held to them
    places: list[tuple[str, Record]] = field(default_factory=list)

    @property
    def newest(self) -> int:
        """The latest time (Unix ms) that is told of any of the jobs; 0: there are none."""
        began = (max(each.job.queued_at, each.job.started_at or 0) for each in self.jobs)
        return max([0, *began, *(entry.finished_at for _, entry in self.ended)])

    def take(self, device_id: str) -> list[KeptJob]:
        """Take a device's jobs that are not over; nobody else gets them."""
        theirs = [each for each in self.jobs if each.job.device_id == device_id]
        self.jobs = [each for each in self.jobs if each.job.device_id != device_id]
        return theirs

    def recent(self, device_id: str) -> list[RecentEntry]:
        """The last jobs of a device that ended, oldest first."""
        return [entry for device, entry in self.ended if device == device_id][-MAX_RECENT:]


class Ledger:
    """Writes rows; a job that is over stays so, whatever is written of it later."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def kept(self) -> Kept:
        """Read all of it; blocking.

        Raises:
            FaultError: `invalid_request`: something in it makes no sense to this flashyard.
        """
        kept = Kept()

        def read(connection: sqlite3.Connection) -> None:
            passed = courses.read(connection)
            rows = connection.execute(
                "SELECT said, job, seq, place, overtaken, mark, port FROM jobs ORDER BY arrived"
            )
            for said, told, seq, place, overtaken, mark, port in rows:
                order, job = StartOrder.decode(said), Job.decode(told)
                turn = Turn(job.job_id, job.priority, place, overtaken)
                since = Mark.decode(mark) if mark else None
                course = passed.get(job.job_id, ())
                kept.jobs.append(KeptJob(order, job, seq, turn, since, port, course))
            for device_id, entry in connection.execute(
                "SELECT device_id, entry FROM ended ORDER BY number"
            ):
                kept.ended.append((device_id, RecentEntry.decode(entry)))
            for row in connection.execute(
                "SELECT device_id, key, job_id, body, at FROM keys ORDER BY at"
            ):
                kept.keys.append(KeptKey(*row))
            for asked_as, job_id, is_wanted in connection.execute(
                "SELECT asked_as, job_id, is_wanted FROM claims ORDER BY number"
            ):
                kept.claims.append(KeptClaim(asked_as, job_id, bool(is_wanted)))
            kept.limits.update(connection.execute("SELECT scope, value FROM limits"))
            for place, record in connection.execute("SELECT port, reason FROM quarantine"):
                kept.places.append((place, Record.decode(record)))

        try:
            self._journal.read(read)
        except (ValueError, sqlite3.Error) as strange:
            raise refuse(
                Code.INVALID_REQUEST,
                "The journal holds what this flashyard cannot read; nothing in it was changed.",
                hint="Run the version that wrote it, or move journal.db away: its jobs are then "
                "told as interrupted.",
                details=str(strange)[:_LONGEST],
            ) from strange
        return kept

    def keep(
        self,
        order: StartOrder,
        job: Job,
        seq: int,
        turn: Turn,
        *,
        port: str,
        news: Sequence[Noted] = (),
    ) -> Event:
        """Write down how a job stands that is not over, and what has happened to it since."""
        told = (_text(order), _text(job), seq, turn.place, turn.overtaken)
        row = (job.job_id, job.device_id, port, *told)

        def work(connection: sqlite3.Connection) -> None:
            [over] = connection.execute(
                "SELECT count(*) FROM ended WHERE job_id = ?", (job.job_id,)
            ).fetchone()
            if not over:
                connection.execute(_KEEP, row)
                courses.note(connection, job.job_id, news)

        return self._journal.write(work)

    def turn(self, turn: Turn) -> Event:
        """Write down a job's place among those that wait, if it was written down itself."""
        row = (turn.place, turn.overtaken, turn.job_id)
        return self._execute("UPDATE jobs SET place = ?, overtaken = ? WHERE job_id = ?", row)

    def mark(self, job_id: str, mark: Mark, news: Sequence[Noted] = ()) -> Event:
        """Write down where a job's run stands, and what has happened to it since."""
        row = (_text(mark), job_id)

        def work(connection: sqlite3.Connection) -> None:
            if connection.execute("UPDATE jobs SET mark = ? WHERE job_id = ?", row).rowcount:
                courses.note(connection, job_id, news)

        return self._journal.write(work)

    def end(self, entry: RecentEntry, record: JobRecord) -> Event:
        """Write down that a job is over, with its record; the first end that is written is its."""
        row = (entry.job_id, record.device_id, _text(entry))
        payload = record.encode()

        def work(connection: sqlite3.Connection) -> None:
            is_first = connection.execute(
                "INSERT OR IGNORE INTO ended (job_id, device_id, entry) VALUES (?, ?, ?)", row
            ).rowcount
            if is_first:
                unrecorded.add(connection, entry.job_id, entry.finished_at, payload)
            connection.execute("DELETE FROM jobs WHERE job_id = ?", row[:1])
            courses.forget(connection, entry.job_id)
            connection.execute(
                "DELETE FROM ended WHERE number <= (SELECT max(number) FROM ended) - ?",
                (KEPT_ENDS,),
            )

        return self._journal.write(work)

    def use_key(self, used: KeptKey) -> Event:
        """Write down that an accepted start used its key."""
        row = (used.device_id, used.key, used.job_id, used.body, used.at)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?)", row)
            connection.execute("DELETE FROM keys WHERE at < ?", (used.at - KEYS_LIVE_MS,))

        return self._journal.write(work)

    def free_key(self, job_id: str) -> Event:
        """Forget the key that a job was started under."""
        return self._execute("DELETE FROM keys WHERE job_id = ?", (job_id,))

    def claim(self, claim: KeptClaim) -> Event:
        """Write down what a start stands for that came again under its key."""
        row = (claim.asked_as, claim.job_id, claim.is_wanted)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO claims (asked_as, job_id, is_wanted) VALUES (?, ?, ?)", row
            )
            connection.execute(
                "DELETE FROM claims WHERE number <= (SELECT max(number) FROM claims) - ?",
                (KEPT_CLAIMS,),
            )

        return self._journal.write(work)

    def limit(self, what: str, value: int) -> Event:
        """Write down what something is held to from now on."""
        return self._execute("INSERT OR REPLACE INTO limits VALUES (?, ?)", (what, value))

    def keep_place(self, place: str, record: Record | None) -> Event:
        """Write down how jobs did at a place; None: there is nothing to be known of it."""
        if record is None:
            return self._execute("DELETE FROM quarantine WHERE port = ?", (place,))
        row = (place, _text(record))
        return self._execute("INSERT OR REPLACE INTO quarantine VALUES (?, ?)", row)

    def _execute(self, statement: str, row: tuple[object, ...]) -> Event:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute(statement, row)

        return self._journal.write(work)


def _text(model: Model) -> str:
    return model.encode().decode()
