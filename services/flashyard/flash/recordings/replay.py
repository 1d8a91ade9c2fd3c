"""A recording played to our own client as if it were the device; no byte is let pass that differs.

It waits for nothing: a silence of ten seconds takes none.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from typing import NoReturn, Self

from flashyard.contract.faults import refuse
from flashyard.flash.recordings.questions import Numbered, Questions
from flashyard.flash.recordings.transcript import Act, Call, Transcript


class DeviationError(Exception):
    """What is done is not what was recorded; names the line."""


class ReplayTransport:
    """Meets :class:`Transport`.

    The bytes of a data phase may come in other pieces than they did. ``compare_data``: must they
    be the same? Their number must in any case. ``compare_questions``: must the same variables be
    asked for, in the same order? Otherwise each is answered as it was, and one that was not asked
    is not known; all other commands must be the same in any case. What a device let be fetched is
    in no recording: where that begins, playing ends.
    """

    def __init__(
        self,
        transcript: Transcript,
        *,
        compare_data: bool = True,
        compare_questions: bool = True,
    ) -> None:
        self._questions = None if compare_questions else Questions(transcript.calls)
        self._answers: deque[Call] = deque()
        self._lines: Sequence[Numbered] = (
            self._questions.others if self._questions else list(enumerate(transcript.calls, 2))
        )
        self._breaks_off = transcript.breaks_off
        self._compare_data = compare_data
        self._next = 0
        self._pushed = 0  # of the present line
        self._sha256 = hashlib.sha256()

    @property
    def breaks_off(self) -> bool:
        """As the transport did."""
        return self._breaks_off

    def send(self, packet: bytes, wait: float) -> None:  # noqa: ARG002 - nothing is waited for
        """Compare a command."""
        answers = self._questions.answers(packet) if self._questions else None
        if answers is not None:
            self._answers = answers
            return
        call = self._due(Act.SEND, f"send {packet!r}")
        if call.packet != packet:
            self._deviates(f"send {packet!r}")
        self._pass(call)

    def receive(self, wait: float) -> bytes:  # noqa: ARG002
        """Answer as it was answered."""
        if self._answers:
            call = self._answers.popleft()
            _end_as(call)
        else:
            call = self._due(Act.RECEIVE, "receive")
            self._pass(call)
        return call.packet or b""

    def open_data(self, size: int, wait: float) -> None:  # noqa: ARG002
        """Compare the size of a data phase."""
        call = self._due(Act.OPEN, f"open a data phase of {size} bytes")
        if call.size != size:
            self._deviates(f"open a data phase of {size} bytes")
        self._pass(call)

    def push(self, data: memoryview, wait: float) -> int:  # noqa: ARG002
        """Take as much as was taken, and compare it once it is complete."""
        call = self._due(Act.PUSH, f"push {len(data)} bytes")
        taken = min(len(data), call.size - self._pushed)
        self._pushed += taken
        self._sha256.update(data[:taken])
        if self._pushed == call.size:
            if self._compare_data and call.sha256 not in {"", self._sha256.hexdigest()}:
                self._deviates("push other bytes")
            self._pushed, self._sha256 = 0, hashlib.sha256()
            self._pass(call)
        return taken

    def pull(self, into: memoryview, wait: float) -> NoReturn:  # noqa: ARG002
        """Fail as it failed then; the bytes of one that did not are not known."""
        doing = f"pull {len(into)} bytes, which no recording has"
        call = self._due(Act.PULL, doing)
        if call.fault is not None:
            self._pass(call)
        self._deviates(doing)

    def finish(self) -> None:
        """See that all that was recorded was done.

        Raises:
            DeviationError: it was not.
        """
        if self._next < len(self._lines):
            self._deviates("do nothing more")

    def close(self) -> None:
        """Do nothing: :meth:`finish` tells whether it was too early."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _due(self, act: Act, now: str) -> Call:
        if self._next >= len(self._lines) or self._lines[self._next][1].act is not act:
            self._deviates(now)
        return self._lines[self._next][1]

    def _pass(self, call: Call) -> None:
        """Go on to the next line; end as this one did."""
        self._next += 1
        _end_as(call)

    def _deviates(self, now: str) -> NoReturn:
        if self._next >= len(self._lines):
            end = self._lines[-1][0] + 1 if self._lines else 2
            raise DeviationError(f"line {end}: the recording is over; now: {now}")
        line, call = self._lines[self._next]
        raise DeviationError(f"line {line}: recorded: {call.encode()}; now: {now}")


def _end_as(call: Call) -> None:
    if call.fault is not None:
        raise refuse(call.fault, details=call.details)
