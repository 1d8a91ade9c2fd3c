"""What `flashyard history audit` does: the lines of the trail listed, and exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from flashyard.cli.history.file import print_file
from flashyard.cli.history.rows import stamp
from flashyard.cli.moments import parse_past
from flashyard.cli.reaching import bridge_of
from flashyard.cli.table import print_table
from flashyard.cli.talk import printable, say
from flashyard.contract.audit import NumberedEntry
from flashyard.contract.requester import Requester
from flashyard.settings import ClientSettings

NEWEST = 50  # lines that are listed unless told otherwise
HEADS = ("NUMBER", "AT", "WHO", "ACTION", "OUTCOME", "ABOUT", "WHAT")
_SPARE = ("NUMBER", "OUTCOME")
_LONGEST = 80  # characters of what else there is to say


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What narrows the trail; None does not."""

    job: str | None = None
    device: str | None = None
    hub: str | None = None
    subject: str | None = None
    by: str | None = None
    action: str | None = None
    outcome: str | None = None
    since: str | None = None
    until: str | None = None

    def parameters(self, now: datetime) -> Mapping[str, str]:
        """Say it as REST does; ``now`` with the time zone that is meant.

        Raises:
            FaultError: `invalid_request`: no time.
        """
        said = {
            "jobId": self.job,
            "deviceId": self.device,
            "hubId": self.hub,
            "subject": self.subject,
            "identity": self.by,
            "action": self.action,
            "outcome": self.outcome,
            "since": self.since and str(parse_past(self.since, now)),
            "until": self.until and str(parse_past(self.until, now)),
        }
        return {name: value for name, value in said.items() if value}


async def print_newest(settings: ClientSettings, sought: Sought, limit: int | None) -> None:
    """List the newest of some.

    Raises:
        FaultError: the bridge refuses, or what is sought cannot be meant.
        UnreachableError: no bridge.
    """
    wanted = sought.parameters(_now())
    async with bridge_of(settings) as bridge:
        lines, there_is_more = await bridge.audit(wanted, limit or NEWEST)
    if not lines:
        say("The audit trail has no line like that.")
        return
    print_table(HEADS, [[*map(printable, row(line))] for line in lines], spare=_SPARE)
    if there_is_more and limit is None:
        say(f"These are the newest {len(lines)}; --limit lists more, --csv and --json all.")


async def export(
    settings: ClientSettings, sought: Sought, form: Literal["csv", "jsonl"], limit: int | None
) -> None:
    """Print all of some, or the newest, as they come.

    Raises:
        FaultError, UnreachableError: as `print_newest`.
    """
    wanted = sought.parameters(_now())
    async with bridge_of(settings) as bridge:
        await print_file(bridge, "audit", wanted, form, limit)


def row(line: NumberedEntry) -> Sequence[str]:
    """Make a line's row among all."""
    return (
        str(line.number),
        stamp(line.at),
        who(line.requester),
        line.action,
        line.code or line.outcome,
        line.job_id or line.subject or line.device_id or line.hub_id or "",
        line.error or _said(line),
    )


def who(asked: Requester | None) -> str:
    """Tell who asked: what is only said in brackets, since nobody checked it."""
    if asked is None:
        return ""
    said = f"({asked.user})" if asked.user else None
    behalf = f"for {asked.on_behalf}" if asked.on_behalf else None
    return " ".join(filter(None, (asked.identity, said, asked.address, behalf)))


def _said(line: NumberedEntry) -> str:
    details = line.details or {}
    # When a job ended is told by the line's own time, but for its hub's clock.
    told = {name: value for name, value in details.items() if name != "endedAt"}
    text = ", ".join(f"{name} {value}" for name, value in told.items() if value != line.subject)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _now() -> datetime:
    return datetime.now(tz=UTC).astimezone()
