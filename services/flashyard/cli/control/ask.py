"""`flashyard cancel | retry | pause | resume`: what is asked of jobs, and the bridge's answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flashyard.cli.invocation import client_settings
from flashyard.cli.options import Json, TokenFile, Url

if TYPE_CHECKING:
    from pathlib import Path

    from flashyard.settings import ClientSettings

Jobs = Annotated[list[str], typer.Argument(metavar="JOB…", help="Job ids.")]
Verb = Literal["cancel", "retry", "pause", "resume"]


def cancel(
    ctx: typer.Context,
    jobs: Jobs,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Cancel jobs at their next safe point."""
    return _ask(ctx, "cancel", jobs, url=url, token_file=token_file, json=json)


def retry(
    ctx: typer.Context,
    jobs: Jobs,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Start ended jobs once more; print the new ids."""
    return _ask(ctx, "retry", jobs, url=url, token_file=token_file, json=json)


def pause(
    ctx: typer.Context,
    jobs: Jobs,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Pause jobs at their next safe point; those that wait are held, and others pass them."""
    return _ask(ctx, "pause", jobs, url=url, token_file=token_file, json=json)


def resume(
    ctx: typer.Context,
    jobs: Jobs,
    *,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Let paused jobs go on from where they stand."""
    return _ask(ctx, "resume", jobs, url=url, token_file=token_file, json=json)


def _ask(
    ctx: typer.Context,
    verb: Verb,
    jobs: Sequence[str],
    *,
    url: str | None,
    token_file: Path | None,
    json: bool,
) -> int:
    import asyncio

    settings = client_settings(ctx, url, token_file)
    return asyncio.run(_answer(settings, verb, jobs, json=json))


async def _answer(settings: ClientSettings, verb: Verb, jobs: Sequence[str], *, json: bool) -> int:
    from flashyard.cli.control.each import Told, of_each
    from flashyard.client.bridge import Bridge

    async def one(bridge: Bridge, job_id: str) -> Told:
        if verb == "retry":
            started = await bridge.retry(job_id)
            return Told(started, f"{started.job_id}  {started.status}")
        verdict = await bridge.tell(verb, job_id)
        asked = f"  {verdict.requested} requested" if verdict.requested else ""
        return Told(verdict, f"{verdict.job_id}  {verdict.status}{asked}")

    return await of_each(settings, jobs, one, json=json)
