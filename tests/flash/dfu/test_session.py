from __future__ import annotations

from collections.abc import Callable

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.dfu.limits import Limits
from flashyard.flash.dfu.session import Session
from flashyard.flash.dfu.status import State
from support.dfu_device import BUSY, DfuDevice, PaperPipe, Ticking
from support.faults import refused

LIMITS = Limits()


def session_of(
    device: DfuDevice, fault: Callable[[str, bytes], bytes] | None = None
) -> tuple[Session, PaperPipe]:
    pipe = PaperPipe(device, fault)
    return Session(pipe, LIMITS, device.ticking.clock), pipe


def answering(*answers: str) -> Callable[[str, bytes], bytes]:
    """Put other answers to GETSTATUS in the place of the device's own; the last stays."""
    left = [bytes.fromhex(answer) for answer in answers]

    def alter(request: str, data: bytes) -> bytes:
        if request != "answer GETSTATUS":
            return data
        return left.pop(0) if len(left) > 1 else left[0]

    return alter


# Only a reset leads out of the last.
STUCK = {State.APP_IDLE, State.APP_DETACH, State.MANIFEST_WAIT_RESET}


@pytest.mark.parametrize("state", sorted(set(State) - STUCK))
def test_from_any_state_a_device_is_brought_to_idle(state: State) -> None:
    device = DfuDevice(Ticking(), state=state)
    session, _ = session_of(device)
    session.make_idle()
    assert device.state is State.IDLE


def test_a_device_that_runs_is_not_one_to_speak_to() -> None:
    session, _ = session_of(DfuDevice(Ticking(), state=State.APP_IDLE))
    with refused(Code.PROTOCOL_ERROR):
        session.make_idle()


def test_a_device_that_never_becomes_idle_is_given_up() -> None:
    session, pipe = session_of(DfuDevice(Ticking()), answering("00 000000 05 00"))
    with refused(Code.PROTOCOL_ERROR):
        session.make_idle()
    assert len(pipe.log) < 100


def test_the_time_a_device_asks_for_is_waited_for() -> None:
    device = DfuDevice(Ticking())
    session, _ = session_of(device)
    before = device.ticking.time
    session.download(0, b"x" * 64)
    assert device.ticking.time >= before + BUSY


def test_a_device_that_asks_for_hours_is_given_up_at_once() -> None:
    device = DfuDevice(Ticking())
    session, _ = session_of(device, answering("00 ffffff 04 00"))
    with refused(Code.DEVICE_SILENT) as refusal:
        session.download(0, b"x")
    assert "16777.2 s more" in (refusal.fault.details or "")
    assert device.ticking.time == Ticking().time


def test_a_device_that_stays_busy_is_given_up_after_its_time() -> None:
    device = DfuDevice(Ticking())
    session, pipe = session_of(device, answering("00 881300 04 00"))
    with refused(Code.DEVICE_SILENT):
        session.download(0, b"x")
    assert LIMITS.block - 6 < device.ticking.time - Ticking().time <= LIMITS.block
    assert len(pipe.log) < 40


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ("03 000000 0a 00", Code.DEVICE_REFUSED, "errWRITE"),
        ("0f 000000 0a 00", Code.DEVICE_REFUSED, "errSTALLEDPKT"),
        ("77 000000 0a 00", Code.DEVICE_REFUSED, "status 119"),
        ("00 000000 09 00", Code.PROTOCOL_ERROR, "UPLOAD-IDLE"),
        ("00 000000 63 00", Code.PROTOCOL_ERROR, "63"),
        ("00 0000", Code.PROTOCOL_ERROR, "status 00"),
        ("", Code.PROTOCOL_ERROR, "status"),
    ],
)
def test_what_a_device_answers_to_a_block_is_told(answer: str, code: Code, said: str) -> None:
    session, _ = session_of(DfuDevice(Ticking()), answering(answer))
    with refused(code) as refusal:
        session.download(0, b"x")
    assert said in (refusal.fault.details or "")


def test_a_refused_request_is_told_with_the_status_that_explains_it() -> None:
    session, _ = session_of(DfuDevice(Ticking()))
    with refused(Code.DEVICE_REFUSED) as refusal:
        session.download(7, b"out of order")
    assert "errADDRESS" in (refusal.fault.details or "")


def test_an_upload_that_is_refused_says_why() -> None:
    session, _ = session_of(DfuDevice(Ticking(), attributes=0b101))
    with refused(Code.DEVICE_REFUSED):
        session.upload(0, 64)


def test_more_than_was_asked_for_is_against_the_protocol() -> None:
    device = DfuDevice(Ticking(), flash=b"x" * 100)
    session, _ = session_of(device, lambda _request, data: data * 2)
    with refused(Code.PROTOCOL_ERROR):
        session.upload(0, 64)


def test_a_tolerant_device_has_no_excuse_to_leave() -> None:
    device = DfuDevice(Ticking(), leaves=True)
    session, _ = session_of(device)
    session.download(0, b"x")
    with refused(Code.USB_UNPLUGGED):
        session.manifest(1, is_tolerant=True)


def test_a_device_that_is_gone_before_it_manifests_was_unplugged() -> None:
    device = DfuDevice(Ticking(), attributes=0b0011)
    session, _ = session_of(device)
    session.download(0, b"x")
    device.is_there = False
    with refused(Code.USB_UNPLUGGED):
        session.manifest(1, is_tolerant=False)
