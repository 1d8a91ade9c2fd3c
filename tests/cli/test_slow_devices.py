"""A device that is much slower than its batch is told of in words, once, and in a column."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from flashyard.cli.batch.rows import facts, in_words, item_table
from flashyard.cli.batch.views import Lines, Picture
from flashyard.cli.remarks import REMARKS
from flashyard.contract.batches import Batch, BatchCounts, BatchItem, BatchStatus, ItemStatus, Slow
from flashyard.contract.phases import Phase

WRITES = Slow(
    phase=Phase.WRITING,
    factor=3.2,
    duration_ms=64_000,
    usual_ms=20_000,
    speed=2 << 20,
    usual_speed=7 << 20,
    others=7,
)
RESTARTS = Slow(phase=Phase.FINISHING, factor=4.0, duration_ms=80_000, usual_ms=20_000, others=3)
WORDS = "writing, 3.2 times as long as 7 others: 2.00 MiB/s, they 7.00 MiB/s"


def batch(*items: BatchItem, **facts: Any) -> Batch:
    return Batch(
        batch_id="batch_1",
        status=BatchStatus.RUNNING,
        flash={},
        items=items,
        created_at=1,
        total=len(items),
        counts=BatchCounts(running=len(items)),
        total_bytes=1,
        **facts,
    )


def item(name: str, slow: Slow | None = None) -> BatchItem:
    return BatchItem(
        device_id=name, device_name=name, hub_id="a", status=ItemStatus.RUNNING, slow=slow
    )


def test_it_says_at_what_by_how_much_and_against_whom() -> None:
    assert in_words(WRITES) == WORDS
    assert in_words(RESTARTS) == "finishing, 4 times as long as 3 others: 1:20, they 0:20"


def test_a_table_has_a_column_for_it_where_there_is_something_to_tell() -> None:
    heads, rows = item_table([item("A"), item("B", WRITES)])
    assert heads[-1] == "SLOW"
    assert [row[-1] for row in rows] == ["", WORDS]
    assert "SLOW" not in item_table([item("A")])[0]
    told = batch(item("A"), item("B", WRITES), slow=1)
    assert ("slow", "1 device") in facts(told)
    assert "slow" not in dict(facts(batch(item("A"))))
    assert (REMARKS["SLOW"](told), REMARKS["SLOW"](batch())) == ("1", "")


def test_it_is_written_once() -> None:
    out = io.StringIO()
    lines = Lines(batch(item("A")), out)
    for slow in (None, WRITES, WRITES.with_(factor=3.4)):
        lines.show(batch(item("A", slow)))
    assert out.getvalue().splitlines() == ["A  running", f"A  slow ({WORDS})"]


def test_it_is_drawn_below_the_bars() -> None:
    console = Console(file=io.StringIO(), width=100)
    picture = Picture(batch(item("A"), item("B", WRITES)), console)
    with console.capture() as capture:
        console.print(picture._drawing())
    assert capture.get().splitlines()[-1].rstrip() == f"B is slow: {WORDS}"
