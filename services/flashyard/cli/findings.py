"""Findings for eyes, and as JSON lines; and what they mean for the exit status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from json import dumps

from rich.console import Console
from rich.text import Text

from flashyard.cli.talk import print_data, printable, say
from flashyard.doctor.finding import Finding, Level

_STYLES = {
    Level.OK: "green",
    Level.WARNING: "yellow",
    Level.PROBLEM: "bold red",
    Level.UNKNOWN: "dim",
}
_PLURALS = {Level.WARNING: "warnings", Level.PROBLEM: "problems"}


def show(found: Sequence[Finding], *, as_json: bool) -> None:
    """Print all of them on stdout, each with its command below it, and the count on stderr."""
    if as_json:
        for each in found:
            told = {name: value for name, value in asdict(each).items() if value is not None}
            print_data(dumps(told, ensure_ascii=False, separators=(",", ":")))
        return
    # A command is copied whole: nothing is folded, wherever a line would end.
    console = Console(highlight=False, soft_wrap=True)
    levels = max(map(len, Level))
    names = max(len(each.check) for each in found)
    for each in found:
        console.print(
            Text.assemble(
                (f"{each.level:<{levels}}", _STYLES[each.level]),
                f"  {each.check:<{names}}  {printable(each.sentence)}",
            )
        )
        if each.command is not None:
            arrow = f"{'':<{levels}}  {'':<{names}}  $ "
            console.print(Text.assemble(arrow, (printable(each.command), "bold")))
    say(_counted(found))


def exit_status(found: Sequence[Finding]) -> int:
    """Tell the exit status: 1 where there is a problem, else 0."""
    return int(any(each.level is Level.PROBLEM for each in found))


def _counted(found: Sequence[Finding]) -> str:
    counts = Counter(each.level for each in found)
    return ", ".join(
        f"{counts[level]} {level if counts[level] == 1 else _PLURALS.get(level, level)}"
        for level in Level
        if counts[level]
    )
