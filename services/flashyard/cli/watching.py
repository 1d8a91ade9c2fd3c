"""Watching: jobs that were named are followed to their end, others until the person goes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from flashyard.cli.attend import LeftError, attend
from flashyard.cli.outcome import exit_status, totals
from flashyard.cli.reaching import bridge_of
from flashyard.cli.talk import print_data, say
from flashyard.cli.views import showing
from flashyard.client.answers import OneJob
from flashyard.client.overhear import overhear
from flashyard.settings import ClientSettings

INTERRUPTED = 130


async def watch_jobs(settings: ClientSettings, job_ids: Sequence[str], *, json: bool) -> int:
    """Follow jobs to their end; return the exit status that goes with it.

    Raises:
        FaultError: a job is not known.
        UnreachableError: no bridge.
    """
    async with bridge_of(settings) as bridge:
        jobs = [await bridge.job(job_id) for job_id in dict.fromkeys(job_ids)]
        try:
            with showing(jobs, json=json) as shown:
                jobs = await attend(bridge, jobs, shown.views)
        except LeftError:
            return INTERRUPTED
    if json:
        for job in jobs:
            print_data(OneJob(job=job).encode().decode())
    else:
        print_data(totals(jobs))
    return exit_status(jobs)


async def watch_everything(
    settings: ClientSettings, device_ids: Sequence[str] | None, *, json: bool
) -> int:
    """Show whatever happens until Ctrl-C.

    Raises:
        UnreachableError: no bridge to begin with.
        FaultError: `not_allowed`.
    """
    async with bridge_of(settings) as bridge:
        await bridge.hubs()  # is there a bridge at all?
        say(f"Watching {settings.url}; Ctrl-C ends it, and only the watching.")
        with showing([], json=json) as shown:
            async with aclosing(overhear(bridge, device_ids)) as news:
                async for each in news:
                    for view in shown.views:
                        view.show(each)
    return INTERRUPTED
