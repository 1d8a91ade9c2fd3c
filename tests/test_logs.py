from __future__ import annotations

import io
import json
import logging
import os
import threading
from typing import Any

import pytest

from flashyard import logs

LOG = logging.getLogger("flashyard.test")


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_elsewhere_than_on_a_terminal_a_line_is_one_json_object() -> None:
    out = io.StringIO()
    with logs.written("hub", stream=out):
        LOG.info("it is %s", "so", extra={"code": "link_lost"})
    (line,) = lines(out)
    assert line["role"] == "hub"
    assert line["level"] == "INFO"
    assert line["message"] == "it is so"
    assert line["code"] == "link_lost"
    assert line["at"].endswith("+00:00")


def test_a_line_says_what_it_is_about_in_threads_and_tasks_too() -> None:
    out = io.StringIO()
    with logs.written("hub", stream=out), logs.about(hub="h1"):
        with logs.about(device="PIXEL6_001", job="job_1700000000_abcdef"):
            LOG.info("inside")
        LOG.info("outside")
    inside, outside = lines(out)
    assert (inside["hub"], inside["device"]) == ("h1", "PIXEL6_001")
    assert inside["job"] == "job_1700000000_abcdef"
    assert "device" not in outside


def test_secrets_are_blanked_wherever_they_stand() -> None:
    out = io.StringIO()
    with logs.written("bridge", stream=out):
        LOG.warning("mqtt://me:pw1@host http://h/i?sig=pw2&x=1 Authorization: Bearer pw3 after")
        LOG.error("boom", exc_info=OSError("GET http://h/i?sig=pw4 failed"))
    assert "pw" not in out.getvalue()
    first, second = lines(out)
    assert first["message"].endswith("after")
    assert "OSError" in second["exc_info"]


def test_plain_lines_are_for_eyes() -> None:
    out = io.StringIO()
    with logs.written("hub", form="plain", stream=out), logs.about(device="A"):
        LOG.warning("the device is slow")
    assert out.getvalue().startswith("hub ")
    assert out.getvalue().endswith("warning: the device is slow  device=A\n")


def test_the_level_is_ours_and_libraries_are_heard_from_warning_on() -> None:
    out = io.StringIO()
    with logs.written("hub", level="debug", stream=out):
        LOG.debug("ours")
        logging.getLogger("httpx").info("theirs")
        logging.getLogger("httpx").warning("theirs, important")
    assert [line["message"] for line in lines(out)] == ["ours", "theirs, important"]


def test_a_reader_that_stopped_reading_stops_nobody() -> None:
    read_end, write_end = os.pipe()
    said = threading.Event()

    def speak() -> None:
        for _ in range(5_000):
            LOG.info("x" * 200)
        said.set()

    with os.fdopen(read_end) as reader, os.fdopen(write_end, "w") as pipe:
        drain = threading.Thread(target=reader.read)
        with logs.written("hub", stream=pipe):
            speaker = threading.Thread(target=speak)
            speaker.start()
            heard = said.wait(30)
            drain.start()
            speaker.join()
        pipe.close()
        drain.join()
    assert heard, "the one who logs waited for the one who reads"


@pytest.mark.parametrize("text", ["no secret?", "a@b", "http://h/path", "what? nothing=here "])
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert logs.redact(text) == text
