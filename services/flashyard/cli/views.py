"""Which ways of showing jobs this call has: bars for eyes, lines for files, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from rich.console import Console

from flashyard.cli.attend import View
from flashyard.cli.bars import Bars
from flashyard.cli.lines import Lines
from flashyard.cli.talk import print_data
from flashyard.client.follow import Changed, News
from flashyard.contract.records import Job


class Shown(NamedTuple):
    """The views, and what frees the terminal for a question; None: nobody is there to ask."""

    views: Sequence[View]
    question: AbstractContextManager[None] | None


class JsonLines:
    """Prints each message as the bridge sent it."""

    def show(self, news: News) -> None:
        """Print it, where it is one."""
        if isinstance(news, Changed) and news.text is not None:
            print_data(news.text)


@contextmanager
def showing(jobs: Sequence[Job], *, json: bool) -> Iterator[Shown]:
    """Show jobs while inside: bars on stderr where it is a terminal, data on stdout.

    Plain lines are left out only where they would be drawn among the bars.
    """
    views: list[View] = []
    eyes = sys.stderr.isatty()
    if json:
        views.append(JsonLines())
    elif not (eyes and sys.stdout.isatty()):
        views.append(Lines(jobs, sys.stdout))
    if not eyes:
        yield Shown(views, None)
        return
    with Bars(jobs, Console(stderr=True)) as bars:
        yield Shown([*views, bars], bars.hidden() if sys.stdin.isatty() else None)


def can_ask() -> bool:
    """Is there a person who can be asked?"""
    return sys.stdin.isatty() and sys.stderr.isatty()
