"""A record tells all there is to tell, and is never larger than a message may be."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard import __version__
from flashyard.agent.clock import Clock
from flashyard.agent.records.course import Course, Subject
from flashyard.agent.records.record import record_of
from flashyard.contract.faults import Code, fault
from flashyard.contract.history import MAX_MISHAPS, MAX_RECORD_LOG, MAX_SPANS, JobRecord
from flashyard.contract.phases import Phase, Status
from flashyard.contract.plans import MAX_STEPS
from flashyard.contract.records import Job, StepRecord
from flashyard.contract.requester import Requester
from flashyard.contract.rollback import Rollback
from flashyard.contract.topics import MAX_PAYLOAD
from flashyard.flash.running.lines import MAX_LINES, MAX_TEXT
from support.facts import START, a_job

SUBJECT = Subject(port="usb:1-1.2", serial="ABC", product="raven", emulated=False)
WHO = Requester(identity="ann", address="127.0.0.1")
texts = st.sampled_from(["x", "\0", "€", "\U0001f4a9"])


def made(course: Course, job: Job | None = None) -> JobRecord:
    record = record_of(job or a_job(status="completed"), 9, START, course, WHO)
    payload = record.encode()
    assert len(payload) <= MAX_PAYLOAD
    assert JobRecord.decode(payload) == record
    return record


def a_course() -> Course:
    course = Course(Clock())
    course.went_to(SUBJECT)
    return course


def test_it_tells_where_the_job_went_who_asked_for_it_and_what_happened() -> None:
    course = a_course()
    course.enters(Phase.WRITING, "system")
    course.met(fault(Code.LINK_LOST), Phase.WRITING)
    course.lines.add("hello")
    record = made(course)
    told = record.port, record.serial, record.product, record.emulated
    assert told == ("usb:1-1.2", "ABC", "raven", False)
    assert (record.version, record.asked_by, record.seq) == (__version__, WHO, 9)
    assert (record.spans, record.mishaps) == (course.spans, course.mishaps)
    assert [line.text for line in record.log] == ["hello"]


def test_a_job_that_went_nowhere_has_a_record_too() -> None:
    record = made(Course(Clock()))
    assert (record.port, record.serial, record.emulated, record.log) == (None, None, None, ())


@given(st.integers(0, MAX_LINES + 50), texts, st.integers(1, MAX_TEXT))
def test_of_a_long_log_the_end_is_told_and_how_much_is_not(
    lines: int, text: str, length: int
) -> None:
    course = a_course()
    for number in range(lines):
        course.lines.add(f"{number} {text * length}")
    log = made(course).log
    assert sum(len(line.encode()) + 1 for line in log) <= MAX_RECORD_LOG
    if log and log[0].text.endswith("were left out"):
        left_out = int(log[0].text.partition(" ")[0])
        assert log[0].at == log[1].at
        log = log[1:]
    else:
        left_out = 0
    assert [int(line.text.partition(" ")[0]) for line in log] == list(range(left_out, lines))


@settings(max_examples=40)
@given(
    st.integers(0, MAX_SPANS), st.integers(0, MAX_MISHAPS), st.integers(0, MAX_STEPS), texts, texts
)
def test_whatever_is_in_it_it_fits_and_what_tells_least_goes_first(
    spans: int, mishaps: int, steps: int, text: str, name: str
) -> None:
    course = a_course()
    for number in range(100):
        course.lines.add(f"{number} {text * 500}")
    for number in range(spans):
        course.enters(Phase.WRITING, f"partition-of-a-long-name-{number}")
    for number in range(mishaps):
        course.met(fault(Code.LINK_LOST, f"{number} {text * 900}"), Phase.WRITING)
    why = fault(Code.DEVICE_REFUSED, text * 1000, details=text * 1000)
    course.ended_by(why, Phase.WRITING)
    record = made(course, _long_winded(steps, text, name))
    assert record.mishaps[-1].code is Code.DEVICE_REFUSED
    assert record.spans == course.spans[spans - len(record.spans) :]
    assert len(record.job.steps) == steps
    if len(record.spans) < spans:
        assert sum(len(line.encode()) for line in record.log) < 200, "the log goes first"
    if len(record.mishaps) < len(course.mishaps):
        dropped = course.mishaps[-len(record.mishaps) - 1]
        less = (*record.spans, *record.log)
        # The log still says that lines were dropped.
        assert sum(len(each.encode()) for each in less) <= len(dropped.encode()) + 200


def _long_winded(steps: int, text: str, name: str) -> Job:
    sentence: dict[str, Any] = dict.fromkeys(
        ("device_state", "error", "hint", "details"), text * 1000
    )
    return a_job(
        status="failed",
        device_name=name * 200,
        stage=name * 200,
        steps=tuple(
            StepRecord(
                partition="p" * 36,
                status=Status.FAILED,
                bytes=2**53 - 1,
                image="a" * 64,
                place=name * 200,
            )
            for _ in range(steps)
        ),
        rollback=Rollback(kind="slot", plan=text * 1000),
        **sentence,
    )
