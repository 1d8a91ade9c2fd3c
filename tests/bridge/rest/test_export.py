"""A file of records is written while they are read, and none takes a part for all."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence

import pytest

from flashyard.contract.model import Model
from flashyard_bridge.rest import export as exporting
from flashyard_bridge.rest.export import Sheet, export, pages_of


class Record(Model):
    number: int
    text: str | None = None


SHEET: Sheet[Record] = Sheet(
    "records", {"number": lambda each: each.number, "text": lambda each: each.text}
)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 3)


async def pages(total: int, limit: int | None = None) -> list[list[int]]:
    """What is read of so many records, page by page."""

    async def read(after: int | None, most: int) -> Sequence[Record]:
        first = 0 if after is None else after + 1
        return [Record(number=n) for n in range(first, min(first + most, total))]

    found = pages_of(read, lambda each: each.number, limit)
    return [[each.number for each in page] async for page in found]


async def test_page_follows_page_until_there_is_no_more_or_enough() -> None:
    assert await pages(7) == [[0, 1, 2], [3, 4, 5], [6]]
    assert await pages(6) == [[0, 1, 2], [3, 4, 5]]
    assert await pages(0) == []
    assert await pages(7, limit=4) == [[0, 1, 2], [3]]
    assert await pages(7, limit=3) == [[0, 1, 2]]


async def _file(form: exporting.Form, *records: Record) -> bytes:
    async def given() -> AsyncIterator[Sequence[Record]]:
        for record in records:
            yield [record]

    answer = await export(SHEET, form, given())
    assert answer.headers["content-disposition"] == f'attachment; filename="records.{form}"'
    told = b""
    async for chunk in answer.body_iterator:
        assert isinstance(chunk, bytes)
        told += chunk
    return told


async def test_json_lines_are_the_records_themselves() -> None:
    told = await _file("jsonl", Record(number=1, text="ü\n"), Record(number=2))
    assert [json.loads(line) for line in told.splitlines()] == [
        {"number": 1, "text": "ü\n"},
        {"number": 2},
    ]
    assert await _file("jsonl") == b""


async def test_a_csv_has_its_heads_and_is_read_back_as_it_was() -> None:
    told = await _file("csv", Record(number=1, text='a "b",\nc'), Record(number=2))
    rows = list(csv.reader(io.StringIO(told.decode(), newline="")))
    assert rows == [["number", "text"], ["1", 'a "b",\nc'], ["2", ""]]
    assert await _file("csv") == b"number,text\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
async def test_no_text_is_a_formula_in_a_spreadsheet(text: str) -> None:
    told = await _file("csv", Record(number=-1, text=text))
    [_, row] = csv.reader(io.StringIO(told.decode(), newline=""))
    assert row == ["-1", f"'{text}"]


async def test_what_fails_at_once_is_refused_and_not_begun() -> None:
    async def broken() -> AsyncIterator[Sequence[Record]]:
        raise LookupError
        yield []

    with pytest.raises(LookupError):
        await export(SHEET, "csv", broken())
