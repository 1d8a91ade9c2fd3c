"""A message framed for the wire: the payload's own bytes behind a header."""

from __future__ import annotations

import pytest

from flashyard.contract.tracked import Frame
from flashyard_bridge.live.news import News, framed
from support.hub_script import HubScript

JOB = "job_1703001234_abc123"


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_frame_is_the_header_of_rfc_6455_and_the_payload(size: int, header: bytes) -> None:
    assert framed(b"x" * size) == header + b"x" * size


def test_the_bytes_that_came_are_the_bytes_that_go() -> None:
    [started, *_] = HubScript().start(JOB)
    payload = started.payload.replace(b"{", b'{ "new" : [1.50],', 1)
    assert News.of(Frame(started.report, payload)).parcel.data.endswith(payload)


def test_samples_and_records_may_be_replaced_and_lifecycle_follows_its_jobs_samples() -> None:
    hub = HubScript()
    [started, record] = hub.start(JOB)
    sample, presence = hub.sample(5), hub.presence()
    opening, device, progress, hubs = (
        News.of(Frame(each.report, each.payload)) for each in (started, record, sample, presence)
    )
    assert (opening.parcel.key, opening.parcel.after) == (None, JOB)
    assert (progress.parcel.key, progress.parcel.after) == (JOB, None)
    assert progress.is_sample
    assert (device.parcel.key, hubs.parcel.key) == ("bench-a PIXEL6_001", "bench-a ")
    assert device.job is hubs.job is None
