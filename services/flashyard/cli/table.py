"""Rows for eyes: aligned on a terminal, whole where a program may read them. It knows no record."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flashyard.cli.talk import print_data
from flashyard.moment import moment_of


def print_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], whole: Collection[str] = ()
) -> None:
    """Print rows under their heads; a row has as many cells as there are heads.

    On a narrow terminal cells are cut, but for the first column's, and those under ``whole``.
    """
    if not sys.stdout.isatty():
        # Nothing is cut off where a program may read it.
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        for each in (heads, *rows):
            cells = (f"{cell:<{width}}" for cell, width in zip(each, widths, strict=True))
            print_data("  ".join(cells).rstrip())
        return
    table = Table(*heads, box=None, pad_edge=False, padding=(0, 1), header_style="bold")
    for head, column in zip(heads, table.columns, strict=True):
        # The first is what is copied into the next command.
        if head == heads[0] or head in whole:
            column.no_wrap = True
            column.min_width = max(len(each[heads.index(head)]) for each in (heads, *rows))
    for each in rows:
        table.add_row(*map(Text, each))
    Console().print(table)


def when(millis: int) -> str:
    """Tell a moment (Unix ms): the time of day where it is today, else the date."""
    at = moment_of(millis).astimezone()
    is_today = at.date() == datetime.now(tz=UTC).astimezone().date()
    return at.strftime("%H:%M:%S" if is_today else "%Y-%m-%d")
