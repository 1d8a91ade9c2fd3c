"""How long a job was in its phases is known from what is said of it, and only that."""

from __future__ import annotations

from typing import Any

from flashyard.contract.faults import Code
from flashyard.contract.messages import (
    FlashCompleted,
    FlashFailed,
    FlashPaused,
    FlashProgress,
    FlashResumed,
    FlashStarted,
    Message,
)
from flashyard.contract.phases import Phase
from flashyard.contract.tracked import Frame
from flashyard_bridge.learning.paces import MOST, Pace, Paces, Stretch

JOB = "job_1700000000_000001"


def heard(*messages: Message) -> Paces:
    paces = Paces()
    paces.hear([Frame.made(message) for message in messages])
    return paces


def said(kind: Any, at: int, phase: Phase = Phase.WRITING, **more: Any) -> Message:
    head = {"job_id": JOB, "device_id": "D", "hub_id": "h", "seq": 1, "phase": phase}
    message: Message = kind(**head, timestamp=at, **more)
    return message


def started(at: int, **more: Any) -> Message:
    facts = {"device_name": "D", "partition": "boot", "total_bytes": 100}
    return said(FlashStarted, at, Phase.PREPARING, **facts, **more)


def at_work(at: int, phase: Phase, taken: int = 0, **more: Any) -> Message:
    facts = {"progress": 0.0, "stage": "", "transfer_speed": 0, "estimated_time_remaining": 0}
    return said(FlashProgress, at, phase, bytes_transferred=taken, total_bytes=100, **facts, **more)


def pace(paces: Paces) -> Pace:
    return paces.snapshot()[JOB]


def test_a_phase_lasts_from_its_first_word_to_the_next_ones() -> None:
    paces = heard(
        started(1_000),
        at_work(1_300, Phase.WRITING),
        at_work(1_800, Phase.WRITING, 60),
        at_work(2_300, Phase.FINISHING, 100),
        said(FlashCompleted, 2_400, Phase.COMPLETED),
    )
    assert pace(paces) == Pace(
        (
            Stretch(Phase.PREPARING, 1_000, 0, 1_300, 0),
            Stretch(Phase.WRITING, 1_300, 0, 2_300, 100),
            Stretch(Phase.FINISHING, 2_300, 100, 2_400, 100),
        )
    )
    assert paces.elapsed(JOB, Phase.FINISHING, 9_000) == 0, "it is over"


def test_how_long_it_has_been_there_is_told_of_where_it_is() -> None:
    paces = heard(started(1_000), at_work(1_300, Phase.WRITING))
    assert paces.elapsed(JOB, Phase.WRITING, 1_500) == 200
    assert paces.elapsed(JOB, Phase.WRITING, 1_200) == 0, "clocks differ"
    assert paces.elapsed(JOB, Phase.VERIFYING, 1_500) == 0
    assert paces.elapsed("job_1700000000_000009", Phase.WRITING, 1_500) == 0


def test_a_pause_is_no_part_of_a_phase_and_what_comes_after_it_is_not_whole() -> None:
    paces = heard(started(1_000), at_work(1_300, Phase.WRITING), said(FlashPaused, 1_500))
    assert pace(paces).stretches[-1].until == 1_500
    assert paces.elapsed(JOB, Phase.WRITING, 9_000) == 0
    paces.hear([Frame.made(said(FlashResumed, 9_000))])
    paces.hear([Frame.made(at_work(9_000, Phase.PREPARING, 20))])
    assert (pace(paces).was_paused, pace(paces).is_whole) == (True, False)


def test_one_that_began_again_or_that_was_not_heard_from_the_start_is_not_whole() -> None:
    broken = heard(
        started(1), at_work(2, Phase.WRITING), at_work(3, Phase.PREPARING), said(FlashResumed, 3)
    )
    assert not pace(broken).is_whole
    assert not pace(heard(at_work(2, Phase.WRITING))).is_whole
    assert not pace(heard(started(1, by="bridge"))).is_whole
    assert not pace(heard(started(1), at_work(2, Phase.WRITING, by="bridge"))).is_whole


def test_it_is_bounded_and_forgets_who_is_gone() -> None:
    phases = (Phase.WRITING, Phase.VERIFYING)
    paces = heard(started(1), *(at_work(n + 2, phases[n % 2]) for n in range(2 * MOST)))
    assert len(pace(paces).stretches) == MOST
    paces.hear([Frame.made(said(FlashFailed, 9_999, Phase.FAILED, error="", code=Code.LINK_LOST))])
    paces.keep({JOB})
    assert len(paces.snapshot()) == 1
    paces.keep(set())
    assert len(paces.snapshot()) == 0
    paces.hear([Frame.made(said(FlashCompleted, 9, Phase.COMPLETED))])
    assert len(paces.snapshot()) == 0
