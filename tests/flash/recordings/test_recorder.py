from __future__ import annotations

import hashlib

import pytest

from flashyard.contract.faults import Code, refuse
from flashyard.flash.recordings.kept import MOST, Kept
from flashyard.flash.recordings.recorder import RecordingTransport
from flashyard.flash.recordings.replay import DeviationError, ReplayTransport
from flashyard.flash.recordings.transcript import Act, Call, Transcript
from support.faults import refused
from support.odd_device import OddDevice


class Silent(OddDevice):
    def receive(self, wait: float) -> bytes:
        raise refuse(Code.DEVICE_SILENT, details=f"{wait:g} s")


class Open(OddDevice):
    def pull(self, into: memoryview, wait: float) -> int:
        assert wait > 0
        into[:3] = b"abc"
        return 3


def talk(device: OddDevice) -> tuple[RecordingTransport, list[Call]]:
    kept: list[Call] = []
    times = iter(range(1000))
    return RecordingTransport(device, kept.extend, lambda: next(times) / 1000), kept


def test_every_call_is_a_line_and_pushes_in_a_row_are_one() -> None:
    recording, kept = talk(OddDevice(breaks_off=True))
    assert recording.breaks_off
    data = bytes(40_000)
    with recording:
        recording.send(b"download:00009c40", 1)
        assert recording.receive(1) == b"DATA00009c40"
        recording.open_data(40_000, 1)
        sent = 0
        while sent < len(data):
            sent += recording.push(memoryview(data)[sent:], 1)
        assert kept == [], "it is not over"
    assert kept == [
        Call(1, Act.SEND, b"download:00009c40"),
        Call(2, Act.RECEIVE, b"DATA00009c40"),
        Call(3, Act.OPEN, size=40_000),
        Call(4, Act.PUSH, size=40_000, sha256=hashlib.sha256(data).hexdigest(), calls=3),
    ]
    recording.close()
    assert len(kept) == 4


def test_what_a_device_lets_be_fetched_is_counted_and_cannot_be_played() -> None:
    recording, kept = talk(Open())
    with recording:
        recording.send(b"fetch:boot", 1)
        for _ in range(2):
            assert recording.pull(memoryview(bytearray(6)), 1) == 3
    pulled = Call(2, Act.PULL, size=6, sha256=hashlib.sha256(b"abcabc").hexdigest(), calls=2)
    assert kept[1:] == [pulled]
    assert Call.decode(pulled.encode()) == pulled
    replay = ReplayTransport(
        Transcript(what="", transport="usb", breaks_off=False, calls=tuple(kept))
    )
    replay.send(b"fetch:boot", 1)
    with pytest.raises(DeviationError, match=r"line 3: .*which no recording has"):
        replay.pull(memoryview(bytearray(6)), 1)


def test_how_a_call_went_wrong_is_kept_and_goes_wrong_again() -> None:
    recording, kept = talk(Silent())
    recording.send(b"reboot", 1)
    with refused(Code.DEVICE_SILENT):
        recording.receive(7)
    recording.close()
    last = Call(2, Act.RECEIVE, fault=Code.DEVICE_SILENT, details="7 s")
    assert kept[-1] == last
    replay = ReplayTransport(
        Transcript(what="", transport="usb", breaks_off=False, calls=tuple(kept))
    )
    replay.send(b"reboot", 1)
    with refused(Code.DEVICE_SILENT) as refusal:
        replay.receive(7)
    assert refusal.fault.details == "7 s"
    replay.finish()


def test_of_a_session_without_end_the_beginning_and_the_end_are_kept_in_bounded_memory() -> None:
    kept = Kept()
    for number in range(5000):
        kept.add(Call(number, Act.RECEIVE, b"INFO".ljust(4000, b".")))
    calls = kept.all()
    gap = next(n for n, call in enumerate(calls) if call.act is Act.LEFT_OUT)
    assert [call.at for call in calls[:gap]] == list(range(gap))
    assert [call.at for call in calls[gap + 1 :]] == list(range(gap + calls[gap].size, 5000))
    assert sum(len(call.packet or b"") for call in calls) < MOST
    assert len(calls) > 200


def test_a_gap_cannot_be_played() -> None:
    calls = (Call(0, Act.SEND, b"reboot"), Call(0, Act.LEFT_OUT, size=3))
    replay = ReplayTransport(Transcript(what="", transport="tcp", breaks_off=True, calls=calls))
    replay.send(b"reboot", 1)
    with pytest.raises(DeviationError, match=r"line 3: recorded: .*leftOut"):
        replay.receive(1)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda it: it.send(b"erase:boot", 1), r"line 2: recorded: .*reboot.*now: send b'erase"),
        (lambda it: it.receive(1), "line 2"),
        (lambda it: it.open_data(3, 1), "line 2"),
        (lambda it: it.push(memoryview(b"abc"), 1), "line 2: .*now: push 3 bytes"),
        (ReplayTransport.finish, "line 2: .*now: do nothing more"),
    ],
)
def test_what_was_not_recorded_names_the_line(act: object, words: str) -> None:
    calls = (Call(0, Act.SEND, b"reboot"),)
    replay = ReplayTransport(Transcript(what="", transport="tcp", breaks_off=True, calls=calls))
    assert callable(act)
    with pytest.raises(DeviationError, match=words):
        act(replay)
