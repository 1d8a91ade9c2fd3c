"""A batch shown as it goes on: a picture for eyes, lines for files, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple, Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flashyard.cli.amounts import duration
from flashyard.cli.batch.rows import counted, in_words, state, why
from flashyard.cli.canvas import Canvas
from flashyard.cli.talk import print_data, printable
from flashyard.contract.batches import Batch, BatchItem, ItemStatus, Slow

_MOST = 24  # rows of devices
_STYLES = {"completed": "green", "failed": "red", "stopped": "red", "cancelled": "yellow"}
_UNTOLD = frozenset({ItemStatus.WAITING, ItemStatus.STARTING})


class View(Protocol):
    """Shows a batch."""

    def show(self, batch: Batch) -> None:
        """Show it as it is now."""


class Shown(NamedTuple):
    """The views, and what frees the terminal for a question; None: nobody is there to ask."""

    views: list[View]
    question: AbstractContextManager[None] | None


class Lines:
    """Writes ``PIXEL6_001  completed`` when a device has come further."""

    def __init__(self, batch: Batch, out: TextIO) -> None:
        self._out = out
        self._width = max((len(item.device_id) for item in batch.items or ()), default=16)
        self._told: dict[tuple[str, str], ItemStatus] = {}
        self._slow: set[tuple[str, str]] = set()

    def show(self, batch: Batch) -> None:
        """Write what is new."""
        for item in batch.items or ():
            at = item.hub_id, item.device_id
            if item.slow is not None and at not in self._slow:
                self._slow.add(at)
                line = f"{item.device_id:<{self._width}}  slow ({in_words(item.slow)})"
                self._out.write(f"{printable(line)}\n")
            if item.status in _UNTOLD or self._told.get(at) is item.status:
                continue
            self._told[at] = item.status
            because = f" ({why(item)})" if why(item) else ""
            line = f"{item.device_id:<{self._width}}  {item.status}{because}"
            self._out.write(f"{printable(line)}\n")
        self._out.flush()


class JsonLines:
    """Prints the batch, without its devices, whenever it has changed."""

    def __init__(self) -> None:
        self._told: Batch | None = None

    def show(self, batch: Batch) -> None:
        """Print it, where it is new."""
        told = batch.with_(items=None)
        if told != self._told and not batch.is_final:  # the end is told whole
            print_data(told.encode().decode())
        self._told = told


class Picture(Canvas):
    """Draws a bar over all and one for each device that runs, while inside."""

    def __init__(self, batch: Batch, console: Console) -> None:
        self._batch = batch
        super().__init__(console, self._drawing)

    def show(self, batch: Batch) -> None:
        """Take in how it is; it is drawn with the next refresh."""
        self._batch = batch

    def _drawing(self) -> RenderableType:
        batch = self._batch
        items = batch.items or ()
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, width=12)
        table.add_column(ratio=1)
        table.add_column(justify="right", no_wrap=True, width=6)
        table.add_row(*_cells(Text(printable(batch.title), "bold"), state(batch), batch.progress))
        running = [item for item in items if item.status is ItemStatus.RUNNING]
        for item in running[:_MOST]:
            table.add_row(*_cells(Text(f"  {item.device_id}"), item.status, item.progress))
        head = Text(counted(batch).replace(", ", " · "), style="bold")
        if batch.estimated_time_remaining:
            head.append(f" · about {duration(batch.estimated_time_remaining)} left")
        notes = [_note(item) for item in items if why(item)][-_MOST:]
        notes += [_remark(item.device_id, item.slow) for item in items if item.slow][:_MOST]
        return Group(head, table, *notes)


def _cells(name: Text, word: str, percent: float) -> tuple[RenderableType, ...]:
    style = _STYLES.get(word, "cyan")
    bar = ProgressBar(total=100.0, completed=percent, complete_style=style, finished_style=style)
    return name, Text(word, style=style), bar, Text(f"{percent:.1f}%")


def _note(item: BatchItem) -> Text:
    return Text(printable(f"{item.device_id}: {why(item)}"), style="red")


def _remark(device_id: str, slow: Slow) -> Text:
    return Text(printable(f"{device_id} is slow: {in_words(slow)}"), style="yellow")


@contextmanager
def showing(batch: Batch, *, json: bool) -> Iterator[Shown]:
    """Show a batch while inside: a picture on stderr where it is a terminal, data on stdout."""
    views: list[View] = []
    eyes = sys.stderr.isatty()
    if json:
        views.append(JsonLines())
    elif not (eyes and sys.stdout.isatty()):
        views.append(Lines(batch, sys.stdout))
    if not eyes:
        yield Shown(views, None)
        return
    with Picture(batch, Console(stderr=True)) as picture:
        yield Shown([*views, picture], picture.hidden() if sys.stdin.isatty() else None)
