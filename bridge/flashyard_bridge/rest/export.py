"""Records as a file that is written while they are read: JSON lines or CSV, a page at a time.

However many there are, a bridge holds a page of them, for a few clients at a time. What breaks off
in the middle breaks the connection off, too: nobody takes a part for all. It knows no table.
"""

from __future__ import annotations

import asyncio
import csv
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from flashyard.contract.faults import FaultError
from flashyard.contract.model import Model
from flashyard_bridge.exports import Exports

PAGE = 500  # records that are read and told at a time
MEDIA_TYPES = {"csv": "text/csv", "jsonl": "application/x-ndjson"}

# What a spreadsheet would take for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_log = logging.getLogger(__name__)
Form: TypeAlias = Literal["csv", "jsonl"]
M = TypeVar("M", bound=Model)
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Sheet(Generic[M]):
    """How a kind of record is told in a file.

    Attributes:
        name: the file's, without its ending.
        columns: of a CSV: what each makes of a record, by its head; None is an empty cell.
    """

    name: str
    columns: Mapping[str, Callable[[M], object]]

    def head(self, form: Form) -> bytes:
        """Make what stands before the first record."""
        return b"" if form == "jsonl" else _rows([list(self.columns)])

    def lines(self, form: Form, records: Sequence[M]) -> bytes:
        """Tell some records: an object a line, or a row each (RFC 4180)."""
        if form == "jsonl":
            return b"".join(record.encode() + b"\n" for record in records)
        return _rows([_cell(tell(record)) for tell in self.columns.values()] for record in records)


async def pages_of(
    read: Callable[[P | None, int], Awaitable[Sequence[M]]],
    place: Callable[[M], P],
    limit: int | None,
) -> AsyncIterator[Sequence[M]]:
    """Read page after page.

    Args:
        read: reads at most so many of those that come after a place, or the first ones.
        place: tells a record's.
        limit: how many at most; None: all.
    """
    after, left = None, limit
    while left is None or left > 0:
        most = PAGE if left is None else min(PAGE, left)
        page = await read(after, most)
        if page:
            yield page
        if len(page) < most:
            return
        after = place(page[-1])
        left = None if left is None else left - len(page)


class Export(StreamingResponse, Generic[M]):
    """Answers with a file; what its first page raises is answered instead."""

    def __init__(
        self, exports: Exports, sheet: Sheet[M], form: Form, pages: AsyncIterator[Sequence[M]]
    ) -> None:
        self._exports = exports
        self._sheet = sheet
        self._form: Form = form
        self._pages = pages
        named = {"Content-Disposition": f'attachment; filename="{sheet.name}.{form}"'}
        media_type = f"{MEDIA_TYPES[form]}; charset=utf-8"
        super().__init__(self._told(), media_type=media_type, headers=named)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, while the client takes it."""
        is_begun = False

        async def impatient(message: Message) -> None:
            nonlocal is_begun
            async with asyncio.timeout(self._exports.patience):
                await send(message)
            is_begun = True

        with self._exports.under_way():
            try:
                await super().__call__(scope, receive, impatient)
            except (FaultError, TimeoutError) as error:
                if not is_begun:
                    raise
                # The server closes a connection whose answer was not brought to its end.
                why = error if isinstance(error, FaultError) else "its client takes no more of it"
                _log.warning("an export was broken off: %s", why)

    async def stream_response(self, send: Send) -> None:
        """Begin only when there is something to tell."""
        try:
            self._first: Sequence[M] = await anext(self._pages)
        except StopAsyncIteration:
            self._first = ()
        await super().stream_response(send)

    async def _told(self) -> AsyncIterator[bytes]:
        lines = partial(self._sheet.lines, self._form)
        yield self._sheet.head(self._form) + await asyncio.to_thread(lines, self._first)
        async for page in self._pages:
            yield await asyncio.to_thread(lines, page)


def described() -> dict[int | str, dict[str, Any]]:
    """Describe such a file for a route's OpenAPI entry, beside its JSON."""
    text = {"schema": {"type": "string"}}
    return {200: {"content": dict.fromkeys(MEDIA_TYPES.values(), text)}}


def _rows(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """Keep text text, whatever program opens it; truth is told as JSON does."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
