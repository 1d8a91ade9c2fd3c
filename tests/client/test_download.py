"""The download of an image: resumed, checked, given up in time, and silent about its signature."""

from __future__ import annotations

import hashlib
import logging
import random
import resource
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from flashyard.client.download import Download
from flashyard.contract.faults import Code, FaultError
from flashyard.flash.throttle.allowance import Allowance, Wait
from flashyard.flash.throttle.bucket import Bucket
from support.common_time import CommonTime
from support.faults import refused
from support.image_server import ImageServer, image_server

QUERY = "hub=bench-a&expires=1703001234&signature=c0ffee5ec2e7"
CONTENT = random.Random("image").randbytes(3_000_001)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Slept:
    """An allowance that is waited for on a clock of the test's own."""

    def __init__(self, allowance: Allowance, time: CommonTime) -> None:
        self._allowance = allowance
        self._time = time

    @property
    def portion(self) -> int | None:
        return self._allowance.portion

    def take(self, count: int, _wait: Wait) -> bool:
        return self._allowance.take(count, self._time.wait)


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as store:
        store.add(CONTENT)
        yield store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "image.part"


def fetch(server: ImageServer, path: Path, sha256: str = SHA256, size: int = len(CONTENT)) -> None:
    with Download(server.url, QUERY, sha256, size, path) as download:
        download.run()
        assert download.received == size


def test_an_image_arrives_whole_in_one_request_with_its_query(
    server: ImageServer, path: Path
) -> None:
    fetch(server, path)
    assert path.read_bytes() == CONTENT
    assert server.requests == [(f"/api/images/{SHA256}?{QUERY}", None)]


def test_what_an_earlier_download_left_is_not_fetched_again(
    server: ImageServer, path: Path
) -> None:
    path.write_bytes(CONTENT[:1_234_567])
    fetch(server, path)
    assert path.read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ["bytes=1234567-"]


def test_a_whole_file_is_only_checked(server: ImageServer, path: Path) -> None:
    path.write_bytes(CONTENT)
    fetch(server, path)
    assert server.requests == []


def test_a_broken_transfer_goes_on_where_it_broke(server: ImageServer, path: Path) -> None:
    server.cuts = [1_100_000, 1_100_000]
    fetch(server, path)
    assert path.read_bytes() == CONTENT
    first, *others = [asked for _, asked in server.requests]
    assert first is None
    assert len(others) == 2
    assert None not in others


def test_a_server_without_ranges_costs_time_only(server: ImageServer, path: Path) -> None:
    server.ranges = False
    server.cuts = [1_500_000]
    fetch(server, path)
    assert path.read_bytes() == CONTENT


def test_a_left_over_that_is_too_long_is_thrown_away(server: ImageServer, path: Path) -> None:
    path.write_bytes(CONTENT + b"more")
    fetch(server, path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_bridge_in_trouble_is_asked_again(server: ImageServer, path: Path, status: int) -> None:
    server.statuses = [status]
    fetch(server, path)
    assert len(server.requests) == 2


def test_a_bridge_in_lasting_trouble_is_given_up(server: ImageServer, path: Path) -> None:
    server.statuses = [503] * 100
    with refused(Code.IMAGE_UNREACHABLE) as refusal:
        fetch(server, path)
    assert refusal.fault.details == "the bridge answered 503"
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, Code.IMAGE_UNREACHABLE),
        (403, Code.IMAGE_UNREACHABLE),
        (404, Code.UNKNOWN_IMAGE),
        (400, Code.IMAGE_UNREACHABLE),
        (302, Code.IMAGE_UNREACHABLE),
    ],
)
def test_a_no_is_not_argued_with(server: ImageServer, path: Path, status: int, code: Code) -> None:
    server.statuses = [status]
    with refused(code):
        fetch(server, path)
    assert len(server.requests) == 1


def test_nobody_there_is_told_as_unreachable(path: Path) -> None:
    with image_server() as gone:
        pass
    with refused(Code.IMAGE_UNREACHABLE) as refusal:
        fetch(gone, path)
    assert "ConnectError" in (refusal.fault.details or "")


def test_a_wrong_digest_leaves_no_file_to_be_resumed(server: ImageServer, path: Path) -> None:
    wrong = "0" * 64
    server.images[wrong] = CONTENT
    with refused(Code.IMAGE_DIGEST):
        fetch(server, path, wrong)
    assert not path.exists()


def test_more_than_the_image_has_is_refused(server: ImageServer, path: Path) -> None:
    with refused(Code.IMAGE_DIGEST):
        fetch(server, path, size=1_000_000)


def test_less_than_the_image_has_is_given_up(server: ImageServer, path: Path) -> None:
    with refused(Code.IMAGE_UNREACHABLE):
        fetch(server, path, size=len(CONTENT) + 1)


def test_a_download_can_be_stopped_and_resumed(server: ImageServer, path: Path) -> None:
    server.hold = True
    download = Download(server.url, QUERY, SHA256, len(CONTENT), path)
    ended: list[Code] = []

    def run() -> None:
        try:
            with download:
                download.run()
        except FaultError as error:
            ended.append(error.fault.code)

    thread = Thread(target=run)
    thread.start()
    download.stop()
    server.go.set()
    thread.join(20.0)
    assert ended == [Code.CANCELLED]
    server.hold = False
    fetch(server, path)
    assert path.read_bytes() == CONTENT


def test_a_disk_that_takes_no_more_is_told_as_such(server: ImageServer, path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        with refused(Code.DISK_FULL):
            fetch(server, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_signature_is_in_no_log_and_no_fault(
    server: ImageServer, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    server.statuses = [500, 404]
    with refused(Code.UNKNOWN_IMAGE) as refusal:
        fetch(server, path)
    assert "c0ffee" not in caplog.text
    assert "c0ffee" not in repr(refusal.fault)


def test_two_downloads_with_one_limit_share_it(server: ImageServer, tmp_path: Path) -> None:
    time = CommonTime()
    bucket = Bucket(300_000, time)

    def one(name: str) -> None:
        path = tmp_path / name
        slept = Slept(Allowance(bucket), time)
        with Download(server.url, QUERY, SHA256, len(CONTENT), path, allowance=slept) as download:
            download.run()
        assert path.read_bytes() == CONTENT
        ended.append(time.now)

    ended: list[float] = []
    time.run(partial(one, "a"), partial(one, "b"))
    assert ended == pytest.approx([2 * len(CONTENT) / 300_000] * 2, rel=0.05)


def test_a_download_that_is_stopped_waits_for_nothing_more(server: ImageServer, path: Path) -> None:
    class Stopping(Allowance):
        def take(self, count: int, wait: Wait) -> bool:
            download.stop()
            return super().take(count, wait)

    with (
        Download(
            server.url, QUERY, SHA256, len(CONTENT), path, allowance=Stopping(Bucket(1))
        ) as download,
        refused(Code.CANCELLED),
    ):
        download.run()
    assert download.received == 0
