"""A file of records is written while they are read, and none takes a part for all."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.model import Model
from flashyard.endpoint import Endpoint
from flashyard_bridge.errors import HANDLERS
from flashyard_bridge.exports import Exports
from flashyard_bridge.listeners import listen
from flashyard_bridge.rest import export as exporting
from flashyard_bridge.rest.export import Export, Form, Sheet, pages_of
from flashyard_bridge.server import Server
from support.waiting import until


class Record(Model):
    number: int
    text: str | None = None


SHEET: Sheet[Record] = Sheet(
    "records", {"number": lambda each: each.number, "text": lambda each: each.text}
)
Pages = AsyncIterator[Sequence[Record]]


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


async def given(*records: Record) -> Pages:
    for record in records:
        yield [record]


async def without_end() -> Pages:
    while True:
        yield [Record(number=0, text="x" * 100_000)] * 10


async def broken_at_once() -> Pages:
    raise refuse(Code.DATABASE_UNREACHABLE)
    yield []


async def broken_off() -> Pages:
    yield [Record(number=1)]
    raise refuse(Code.DATABASE_UNREACHABLE)


@asynccontextmanager
async def served(exports: Exports, form: Form = "jsonl", *told: Record) -> AsyncIterator[str]:
    """A server of such files, as bridges are; yields its URL."""
    sources = {"/good": lambda: given(*told), "/endless": without_end}
    sources |= {"/bad": broken_at_once, "/broken": broken_off}

    def answer(request: Request) -> Response:
        return Export(exports, SHEET, form, sources[request.url.path]())

    routes = [Route(path, answer) for path in sources]
    app = Starlette(routes=routes, exception_handlers={FaultError: HANDLERS[FaultError]})
    [listener] = await listen([Endpoint("127.0.0.1", 0)])
    serving = asyncio.Event()
    server = Server(app, serving.set)
    running = asyncio.create_task(server.run_until_stopped(listener.sockets))
    await serving.wait()
    yield f"http://{listener.bound[0]}"
    server.should_exit = True
    await running


async def file_of(form: Form, *told: Record) -> httpx.Response:
    async with served(Exports(), form, *told) as url, httpx.AsyncClient() as http:
        answer = await http.get(f"{url}/good")
    assert answer.headers["content-disposition"] == f'attachment; filename="records.{form}"'
    assert answer.headers["content-type"].endswith("; charset=utf-8")
    return answer


async def test_json_lines_are_the_records_themselves() -> None:
    told = await file_of("jsonl", Record(number=1, text="ü\n"), Record(number=2))
    assert [json.loads(line) for line in told.content.splitlines()] == [
        {"number": 1, "text": "ü\n"},
        {"number": 2},
    ]
    assert (await file_of("jsonl")).content == b""


async def test_a_csv_has_its_heads_and_is_read_back_as_it_was() -> None:
    told = await file_of("csv", Record(number=1, text='a "b",\nc'), Record(number=2))
    rows = list(csv.reader(io.StringIO(told.text, newline="")))
    assert rows == [["number", "text"], ["1", 'a "b",\nc'], ["2", ""]]
    assert (await file_of("csv")).content == b"number,text\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_is_a_formula_in_a_spreadsheet(text: str) -> None:
    told = SHEET.lines("csv", [Record(number=-1, text=text)])
    [row] = csv.reader(io.StringIO(told.decode(), newline=""))
    assert row == ["-1", f"'{text}"]


async def test_what_fails_at_once_is_refused_and_not_begun() -> None:
    async with served(Exports()) as url, httpx.AsyncClient() as http:
        answer = await http.get(f"{url}/bad")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
    assert "content-disposition" not in answer.headers


async def test_what_breaks_off_does_not_look_complete() -> None:
    exports = Exports(most=1)
    async with served(exports) as url, httpx.AsyncClient() as http:
        for _ in range(2):  # the first one is over as it should be: there is room for another
            async with http.stream("GET", f"{url}/broken") as answer:
                chunks = answer.aiter_bytes()
                assert await anext(chunks) == b'{"number":1}\n'
                with pytest.raises(httpx.RemoteProtocolError):
                    await anext(chunks)


async def test_a_few_at_a_time_and_one_whose_client_sleeps_is_left() -> None:
    exports = Exports(most=1, patience=0.3)
    async with served(exports, "jsonl", Record(number=1)) as url, httpx.AsyncClient() as http:
        with socket.socket() as sleeper:
            sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sleeper.connect(("127.0.0.1", int(url.rsplit(":", 1)[1])))
            sleeper.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: exports.are_full)
            answer = await http.get(f"{url}/good")
            assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
            await until(lambda: not exports.are_full)
            assert (await http.get(f"{url}/good")).content == b'{"number":1}\n'


async def test_one_whose_client_has_gone_is_over() -> None:
    exports = Exports(most=1)
    async with served(exports) as url, httpx.AsyncClient() as http:
        async with http.stream("GET", f"{url}/endless") as answer:
            await anext(answer.aiter_bytes())
            assert exports.are_full
        await until(lambda: not exports.are_full)
