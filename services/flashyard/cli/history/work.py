"""What `flashyard history` does: ended jobs listed, told one by one, and exported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from flashyard.cli.history.file import print_file
from flashyard.cli.history.rows import (
    HEADS,
    MISHAP_HEADS,
    SPAN_HEADS,
    SPARE,
    STEP_HEADS,
    TAILS,
    WHOLE,
    facts,
    mishap_row,
    row,
    span_row,
    stamp,
    step_row,
)
from flashyard.cli.history.sought import Sought
from flashyard.cli.reaching import bridge_of
from flashyard.cli.states import state_of
from flashyard.cli.table import print_table
from flashyard.cli.talk import print_data, printable, say
from flashyard.client.bridge import Bridge
from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.history import PastJob
from flashyard.contract.records import LogLine
from flashyard.settings import ClientSettings

NEWEST = 50  # jobs that are listed unless told otherwise
_EMPTY = "No job that ended is like that; `flashyard ls jobs` lists those under way."
_LOG_TAIL = 20  # lines


async def print_newest(settings: ClientSettings, sought: Sought, limit: int | None) -> None:
    """List the newest of some.

    Raises:
        FaultError: the bridge refuses, or what is sought cannot be meant.
        UnreachableError: no bridge.
    """
    async with bridge_of(settings) as bridge:
        wanted = await sought.parameters(bridge, _now())
        jobs, there_is_more = await bridge.history(wanted, limit or NEWEST)
    if not jobs:
        say(_EMPTY)
        return
    print_table(HEADS, [[*map(printable, row(job))] for job in jobs], WHOLE, SPARE, TAILS)
    if there_is_more and limit is None:
        say(f"These are the newest {len(jobs)}; --limit lists more, --csv and --json all.")


async def export(
    settings: ClientSettings, sought: Sought, form: Literal["csv", "jsonl"], limit: int | None
) -> None:
    """Print all of some, or the newest, as they come; what breaks off is a failure.

    Raises:
        FaultError, UnreachableError: as `print_newest`.
    """
    async with bridge_of(settings) as bridge:
        wanted = await sought.parameters(bridge, _now())
        await print_file(bridge, "history", wanted, form, limit)


async def print_one(settings: ClientSettings, job_id: str, *, json: bool) -> None:
    """Tell all of one.

    Raises:
        FaultError, UnreachableError: as `print_newest`; `unknown_job`.
    """
    async with bridge_of(settings) as bridge:
        job = await _past(bridge, job_id)
        if json:
            print_data(job.encode().decode())
            return
        log = await bridge.log(job_id)
    for name, value in facts(job):
        print_data(f"{name:<9} {printable(value)}")
    _print_tables(job)
    _print_log(log)


async def _past(bridge: Bridge, job_id: str) -> PastJob:
    try:
        return await bridge.past(job_id)
    except FaultError as error:
        if error.fault.code is not Code.UNKNOWN_JOB:
            raise
    job = await bridge.job(job_id)
    told = "is not on record yet" if job.is_final else f"has not ended: it is {state_of(job)}"
    raise refuse(
        Code.UNKNOWN_JOB, f"The job {job_id} {told}.", hint="`flashyard ls jobs --all` has it."
    )


def _print_tables(job: PastJob) -> None:
    tables: tuple[tuple[Sequence[str], Sequence[Sequence[str]]], ...] = (
        (STEP_HEADS, [step_row(step, job) for step in job.steps]),
        (SPAN_HEADS, [span_row(span) for span in job.spans]),
        (MISHAP_HEADS, [mishap_row(mishap) for mishap in job.mishaps]),
    )
    for heads, rows in tables:
        if rows:
            print_data("")
            _print(heads, rows)


def _print_log(log: Sequence[LogLine]) -> None:
    if log:
        print_data("")
        print_data(f"LOG, the last {len(log[-_LOG_TAIL:])} of {len(log)} lines")
    for line in log[-_LOG_TAIL:]:
        print_data(f"{stamp(line.at)}  {printable(line.text)}")


def _print(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print_table(heads, [[*map(printable, cells)] for cells in rows])


def _now() -> datetime:
    return datetime.now(tz=UTC).astimezone()
