from __future__ import annotations

import time

import pytest

from flashyard.cli.listing import row
from flashyard.contract.limits import Limits
from flashyard.contract.model import Model
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Hub, StepRecord, StoredImage, Unpacked
from support.facts import START, a_device, a_job

STEPS = tuple(
    StepRecord(partition="system", status=status, bytes=0)
    for status in (Status.COMPLETED, Status.RUNNING, Status.QUEUED)
)

HUB = Hub(
    hub_id="bench-a",
    online=False,
    session="s1",
    since=START,
    version="0.1.0",
    limits=Limits(max_parallel=8),
)
IMAGE = StoredImage(
    sha256="ab" * 32,
    name="system.img",
    size=3 << 30,
    kind="sparse",
    expanded_size=4 << 30,
    content_size=3 << 30,
    created_at=START,
)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (a_device(), ["PIXEL6_001", "Google Pixel 6", "bench-a", "online", "tcp, emulated", "0"]),
        (a_device(online=False, emulated=False), ["offline", "tcp"]),
        (
            a_job(progress=45.5),
            ["job_1703001234_abc123", "PIXEL6_001", "system", "writing", "45.5%"],
        ),
        (a_job(lost=True), ["silent"]),
        (a_job(steps=STEPS), ["system 2/3"]),
        (a_job(steps=STEPS[:1], status="completed"), ["system", "completed"]),
        (a_job(steps=STEPS[:1] * 3, status="completed"), ["system 3/3"]),
        (a_job(status="paused"), ["paused"]),
        (a_job(status="queued", phase=Phase.QUEUED), ["queued"]),
        (HUB, ["bench-a", "offline", "0.1.0"]),
        (IMAGE, ["abababababababab", "system.img", "3.00 GiB", "sparse"]),
        (IMAGE.with_(unpacked=Unpacked(compression="zstd", size=2, data=1)), ["sparse, zstd"]),
    ],
)
def test_a_row_says_what_matters_of_a_record(record: Model, words: list[str]) -> None:
    assert set(words) <= set(row(record))


def test_a_time_of_today_is_a_time_and_an_older_one_a_date() -> None:
    assert row(HUB)[-1].startswith("2023-12-1")
    assert row(HUB.with_(since=int(time.time() * 1000)))[-1].count(":") == 2
