"""A file being read or sent, on a terminal: one bar that is gone when it is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from flashyard.cli.amounts import size
from flashyard.cli.talk import printable, say


@contextmanager
def transfer(verb: str, name: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show it; yield what is to be told of so many more bytes."""
    if not sys.stderr.isatty():
        if verb == "Sending":
            say(f"{verb} {name} ({size(total)}) to the bridge.")
        yield lambda _: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as progress:
        task = progress.add_task(printable(f"{verb} {name}"), total=total)
        yield lambda more: progress.advance(task, more)
