"""What is noted of a job on its way: in full, in order, bounded, and the same after a kill."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.clock import Clock
from flashyard.agent.journal import courses
from flashyard.agent.journal.file import open_file
from flashyard.agent.records.course import Course, Subject
from flashyard.contract.faults import Code, fault
from flashyard.contract.history import MAX_MISHAPS, MAX_SPANS
from flashyard.contract.phases import Phase
from flashyard.flash.target import Description

LOST = fault(Code.LINK_LOST)
BACK = fault(Code.DEVICE_REFUSED, details="no")


class Hand:
    """A hand on the clock."""

    now = 1000.0

    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: self.now, lambda: self.now)


def a_course() -> tuple[Course, Hand]:
    hand = Hand()
    return Course(hand.clock()), hand


def told(course: Course) -> list[tuple[str, str | None, int]]:
    """Phase, partition and length in ms of each span."""
    return [(span.phase.value, span.partition, span.duration_ms) for span in course.spans]


def test_a_span_is_as_long_as_the_job_was_in_a_phase_at_one_partition() -> None:
    course, hand = a_course()
    course.enters(Phase.QUEUED)
    hand.now += 3
    course.enters(Phase.PREPARING)
    course.enters(Phase.PREPARING)
    hand.now += 1
    course.enters(Phase.WRITING, "boot")
    hand.now += 2
    course.enters(Phase.WRITING, "system", since=hand.now - 0.5)
    hand.now += 4
    course.stands()
    hand.now += 60
    assert told(course) == [
        ("queued", None, 3000),
        ("preparing", None, 1000),
        ("writing", "boot", 1500),
        ("writing", "system", 4500),
    ]
    assert course.spans[3].at == int((1000 + 3 + 1 + 1.5) * 1000)


def test_what_stood_in_between_is_two_spans() -> None:
    course, hand = a_course()
    for _ in range(2):
        course.enters(Phase.WRITING, "system")
        hand.now += 2
        course.stands()
        hand.now += 100
    assert told(course) == [("writing", "system", 2000)] * 2


def test_a_clock_that_is_set_changes_no_length() -> None:
    hand = Hand()
    wall = [1000.0]
    clock = Clock(lambda: wall[0], lambda: hand.now, lambda: hand.now)
    course = Course(clock)
    course.enters(Phase.WRITING, "system")
    wall[0] -= 3600
    clock.learn(5_000_000)
    hand.now += 2
    course.stands()
    assert told(course) == [("writing", "system", 2000)]


def test_of_too_many_the_newest_stay() -> None:
    course, hand = a_course()
    for number in range(MAX_SPANS + 5):
        hand.now += 1
        course.enters(Phase.WRITING, f"p{number}")
        course.met(LOST, Phase.WRITING)
    assert [span.partition for span in course.spans][::199] == ["p5", "p204"]
    assert len(course.mishaps) == MAX_MISHAPS
    assert course.mishaps[-1].at == int(hand.now * 1000)


def test_the_fault_that_ends_a_job_is_its_last_as_it_was_met() -> None:
    course, hand = a_course()
    course.enters(Phase.WRITING, "system")
    course.met(BACK, Phase.WRITING)
    at = int(hand.now * 1000)
    hand.now += 60
    course.met(LOST, Phase.ROLLING_BACK)
    course.ended_by(BACK, Phase.ROLLING_BACK)
    assert [(m.code, m.phase) for m in course.mishaps] == [
        (Code.LINK_LOST, Phase.ROLLING_BACK),
        (Code.DEVICE_REFUSED, Phase.WRITING),
    ]
    assert (course.mishaps[-1].at, course.mishaps[-1].details) == (at, "no")
    course.ended_by(fault(Code.CANCELLED), Phase.QUEUED)
    assert course.mishaps[-1].code is Code.CANCELLED


def test_one_fault_is_noted_once_and_the_same_after_a_new_beginning_is_another() -> None:
    course, _ = a_course()
    course.enters(Phase.PREPARING)
    course.met(LOST, Phase.PREPARING)
    course.met(LOST, Phase.PREPARING)
    course.stands()
    course.enters(Phase.PREPARING)
    course.met(LOST, Phase.PREPARING)
    assert len(course.mishaps) == 2


def test_it_is_known_which_device_a_job_went_to_though_that_says_less_later() -> None:
    course, _ = a_course()
    course.went_to(Subject(port="usb:1-1", serial="ABC", product="raven", emulated=False))
    course.saw(Description(product=None, serial=None, mode="fastboot", max_download_size=1))
    assert course.subject == Subject(port="usb:1-1", serial="ABC", product="raven", emulated=False)
    course.saw(
        Description(product="oriole", serial="S" * 500, mode="fastboot", max_download_size=1)
    )
    assert course.subject.serial == "S" * 200
    assert course.subject.product == "oriole"


_acts = st.sampled_from(["line", "phase", "stands", "fault", "keep", "subject", "wait"])


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A journal's; what it is asked to keep here survives no power cut."""
    path = tmp_path_factory.mktemp("course") / "journal.db"
    with closing(open_file(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        yield connection


@given(st.lists(_acts, max_size=60))
def test_the_next_process_knows_what_was_written_down_by_then(
    connection: sqlite3.Connection, acts: list[str]
) -> None:
    courses.forget(connection, "job")
    course, hand = a_course()
    kept = _shown(course)
    for number, act in enumerate(acts):
        match act:
            case "line":
                for _ in range(7):
                    course.lines.add(f"line {number}")
            case "phase":
                course.enters(Phase.WRITING, f"p{number}")
            case "stands":
                course.stands()
            case "fault":
                course.met(fault(Code.LINK_LOST, f"{number}"), Phase.WRITING)
            case "subject":
                course.went_to(Subject(port=f"usb:{number}"))
            case "wait":
                hand.now += number
            case _:
                courses.note(connection, "job", course.news())
                kept = _shown(course)
    after = Course(hand.clock())
    after.restore(courses.read(connection).get("job", ()))
    assert _shown(after) == kept
    assert after.news() == [], "that is written down already"
    after.lines.add("more")
    after.enters(Phase.PREPARING)
    courses.note(connection, "job", after.news())
    again = Course(hand.clock())
    again.restore(courses.read(connection)["job"])
    assert _shown(again) == _shown(after)


def _shown(course: Course) -> object:
    return course.lines.since(0), course.spans, course.mishaps, course.subject


def test_a_span_that_lasts_is_told_with_its_length_each_time() -> None:
    course, hand = a_course()
    course.enters(Phase.WRITING, "system")
    course.news()
    hand.now += 7
    [(_, number, span)] = course.news()
    assert (number, span) == (0, course.spans[0])
    assert told(course) == [("writing", "system", 7000)]
