"""Rows for eyes: aligned on a terminal, whole where a program may read them. It knows no record."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flashyard.cli.talk import print_data
from flashyard.moment import moment_of

_GAP = 2
_AMOUNT = re.compile(r"[\d.]+ \S+")  # 51.3 s, 19.9 MiB/s, 83.3 %
_LEAST = 12  # characters of a last column that is broken into lines
_TAIL = 12  # characters of a cell of which the end is what matters


def print_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    whole: Collection[str] = (),
    spare: Sequence[str] = (),
    tails: Collection[str] = (),
) -> None:
    """Print rows under their heads; a row has as many cells as there are heads.

    Args:
        heads: the columns' names, each another.
        rows: their cells.
        whole: columns whose cells are not broken into lines; nor are the first one's.
        spare: columns that a terminal too narrow for all goes without, the first one first.
        tails: columns of whose long cells a terminal shows the end alone.
    """
    if not sys.stdout.isatty():
        # Nothing is cut off where a program may read it.
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        for each in (heads, *rows):
            padded = (f"{cell:<{width}}" for cell, width in zip(each, widths, strict=True))
            print_data("  ".join(padded).rstrip())
        return
    console = Console()
    rows = [
        [_tail(cell) if head in tails else cell for head, cell in zip(heads, each, strict=True)]
        for each in rows
    ]
    columns = fitting(heads, rows, {heads[0], *whole}, spare, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="bold")
    for name, cells in columns.items():
        # The first is what is copied into the next command.
        is_whole = name == heads[0] or name in whole
        no_wrap = is_whole or _is_whole(cells)
        table.add_column(
            name,
            no_wrap=no_wrap,
            overflow="ellipsis" if no_wrap else "fold",
            min_width=_widest((name, *cells)) if is_whole else None,
        )
    for each in zip(*columns.values(), strict=True):
        table.add_row(*map(Text, each))
    console.print(table)


def fitting(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    whole: Collection[str],
    spare: Sequence[str],
    width: int,
) -> Mapping[str, Sequence[str]]:
    """Choose the columns for a width: each with its cells, broken between words where need be."""
    every = zip(*rows, strict=True) if rows else ((),) * len(heads)
    columns: dict[str, Sequence[str]] = dict(zip(heads, every, strict=True))
    for name in spare:
        needed = -_GAP
        for head, cells in columns.items():
            least = _widest((head, *cells)) if head in whole else _narrowest(head, cells)
            if head == heads[-1]:
                least = max(least, min(_LEAST, _widest(cells)))
            needed += least + _GAP
        if needed <= width:
            break
        columns.pop(name, None)
    return columns


def _narrowest(head: str, cells: Sequence[str]) -> int:
    if _is_whole(cells):
        return _widest((head, *cells))
    words = [cell if _is_whole((cell,)) else max(cell.split(), key=len) for cell in cells]
    return _widest((*words, *head.split()))


def _tail(cell: str) -> str:
    return cell if len(cell) <= _TAIL else f"…{cell[1 - _TAIL :]}"


def _widest(cells: Sequence[str]) -> int:
    return max(map(len, cells), default=0)


def _is_whole(cells: Sequence[str]) -> bool:
    """Is there nowhere to break them? An amount and its unit stay together."""
    return all(not cell.strip().count(" ") or _AMOUNT.fullmatch(cell) for cell in cells)


def when(millis: int) -> str:
    """Tell a moment (Unix ms): the time of day where it is today, else the date."""
    at = moment_of(millis).astimezone()
    is_today = at.date() == datetime.now(tz=UTC).astimezone().date()
    return at.strftime("%H:%M:%S" if is_today else "%Y-%m-%d")
