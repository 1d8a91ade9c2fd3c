"""A job as it is told: numbered, in order, never backwards, ended once, and true in the record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.agent.clock import Clock
from flashyard.contract.faults import Code, fault
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import (
    FlashCompleted,
    FlashFailed,
    FlashLog,
    FlashProgress,
    FlashQueued,
    FlashStarted,
)
from flashyard.contract.phases import IllegalMoveError, Phase, Status
from flashyard.contract.records import StartOptions
from flashyard.contract.topics import Kind
from flashyard.flash.running.mark import Mark
from support.image_server import stored
from support.told import ORDER, TOTAL, Told


def test_a_good_story() -> None:
    told = Told()
    told.story.queued(2)
    told.story.started()
    told.note(0)
    told.story.turned()
    told.fly()
    told.note(TOTAL)
    told.story.sampled()
    told.story.complete()
    kinds = [type(event) for event in told.events]
    assert kinds == [FlashQueued, FlashStarted, FlashProgress, FlashProgress, FlashCompleted]
    assert told.changes == [0, 1, 2, 3, 4]
    samples = [sheet for sheet in told.link.sheets if sheet.topic.kind is Kind.PROGRESS]
    [sample] = [sheet.report for sheet in samples]
    assert isinstance(sample, FlashProgress)
    assert (sample.seq, sample.progress) == (2, 99.9)
    told.link.check_manners()


def test_a_job_that_need_not_wait_begins_with_number_one() -> None:
    told = Told()
    told.story.started()
    [started] = told.events
    assert isinstance(started, FlashStarted)
    assert (started.seq, started.timestamp) == (1, told.story.job.started_at)


def test_a_job_that_was_still_preparing_goes_on_from_there() -> None:
    told = Told()
    told.story.started()
    assert told.story.job.phase is Phase.PREPARING
    told.story.goes_on("Going on after a restart of the hub")
    assert (told.story.job.phase, told.story.job.status) == (Phase.PREPARING, Status.RUNNING)


def test_an_end_is_told_once() -> None:
    told = Told()
    told.story.queued(1)
    told.story.fail(fault(Code.CANCELLED), "untouched")
    assert told.story.job.status is Status.CANCELLED
    with pytest.raises(IllegalMoveError):
        told.story.fail(fault(Code.INTERNAL), None)
    with pytest.raises(IllegalMoveError):
        told.story.complete()
    with pytest.raises(IllegalMoveError):
        told.story.started()


def test_a_job_goes_on_after_a_restart_of_its_hub_however_far_it_had_come() -> None:
    for entered in range(3):
        told = Told()
        told.story.started()
        for phase in (Phase.IDENTIFYING, Phase.WRITING)[:entered]:
            told.run.enter(phase, phase.value)
            told.note(0)
        told.story.goes_on("Going on after a restart of the hub")
        assert told.story.job.phase is Phase.PREPARING
        assert isinstance(told.events[-1], FlashProgress)


def test_an_interrupted_job_has_taken_what_its_last_safe_point_says() -> None:
    told = Told()
    told.story.started()
    again = Told()
    mark = Mark(phase=Phase.ACTIVATING, done=1, bytes=(TOTAL,))
    again.story.take_over(told.story.job, told.story.seq, mark)
    again.story.fail(fault(Code.INTERRUPTED), None)
    assert told.story.job.bytes_transferred < TOTAL
    assert again.story.job.bytes_transferred == TOTAL


def test_what_devices_say_at_length_is_cut_to_what_a_message_holds() -> None:
    told = Told()
    told.story.started()
    why = fault(Code.DEVICE_REFUSED, "s" * 5000, hint="h" * 5000, details="ß" * 5000)
    told.story.fail(why, "d" * 5000)
    failed = told.events[-1]
    assert isinstance(failed, FlashFailed)
    assert len(failed.error) == 1000
    assert failed.details == "ß" * 1000
    assert len(told.story.recent().error or "") == 200
    record = told.story.record()
    assert JobRecord.decode(record.encode()) == record


def test_the_log_is_published_as_it_grows() -> None:
    told = Told()
    told.story.started()
    told.story.course.lines.add("INFO from the device")
    told.story.tell_log()
    told.story.tell_log()
    logs = [s.report for s in told.link.sheets if s.topic.kind is Kind.LOG]
    [log] = logs
    assert isinstance(log, FlashLog)
    assert [line.text for line in log.lines] == ["Started on hub bench-a", "INFO from the device"]


def test_the_record_tells_what_was_asked_for_and_no_credentials() -> None:
    image = stored(b"image")
    options = StartOptions(verify="none", slot="b")
    order = ORDER.with_(image=image, query="signature=c0ffee", options=options, attempt=2)
    story = Told(order).story
    story.renew(image.sha256, "signature=decaf")
    assert story.order.query == "signature=decaf"
    story.started()
    current = story.current()
    assert current.image is not None
    assert (current.image.sha256, current.options, current.attempt) == (image.sha256, options, 2)
    assert b"signature" not in current.encode()


@given(st.lists(st.tuples(st.integers(0, TOTAL), st.booleans()), max_size=20), st.booleans())
def test_percent_and_bytes_never_fall_whatever_the_counters_do(
    looks: list[tuple[int, bool]],
    is_good: bool,  # noqa: FBT001 - hypothesis draws it
) -> None:
    told = Told()
    told.story.started()
    for done, is_event in looks:
        told.note(done)
        (told.story.turned if is_event else told.story.sampled)()
    told.fly()
    told.note(0)
    if is_good:
        told.story.complete()
    else:
        told.story.fail(fault(Code.LINK_LOST), None)
    said = [s.report for s in told.link.sheets]
    progress = [each for each in said if isinstance(each, FlashProgress)]
    assert [p.progress for p in progress] == sorted(p.progress for p in progress)
    assert [p.bytes_transferred for p in progress] == sorted(p.bytes_transferred for p in progress)
    assert [p.progress for p in progress].count(100.0) == is_good
    seqs = [event.seq for event in told.events if hasattr(event, "seq")]
    assert seqs == list(range(1, len(seqs) + 1))
    recent = told.story.recent()
    assert recent.seq == seqs[-1]
    assert recent.status is (Status.COMPLETED if is_good else Status.FAILED)


def test_what_is_told_later_carries_its_own_time_but_none_before_what_was_told() -> None:
    now = 1000.0
    told = Told(clock=Clock(lambda: now, lambda: now, lambda: now))
    told.story.started()
    now += 5.0
    told.note(0)
    for since in (999.0, 1002.0, 1001.0, None):
        told.story.turned(since)
    stamps = [event.timestamp for event in told.events if isinstance(event, FlashProgress)]
    assert stamps == [1_000_000, 1_002_000, 1_002_000, 1_005_000]
