"""A recording played to our own client as if it were the device; no byte is let pass that differs.

It waits for nothing: a silence of ten seconds takes none.
"""

from __future__ import annotations

import hashlib
from typing import NoReturn, Self

from flashyard.contract.faults import refuse
from flashyard.flash.recordings.transcript import Act, Call, Transcript


class DeviationError(Exception):
    """What is done is not what was recorded; names the line."""


class ReplayTransport:
    """Meets :class:`Transport`.

    The bytes of a data phase may come in other pieces than they did. ``compare_data``: must they
    be the same? Their number must in any case.
    """

    def __init__(self, transcript: Transcript, *, compare_data: bool = True) -> None:
        self._calls = transcript.calls
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
        call = self._due(Act.SEND, f"send {packet!r}")
        if call.packet != packet:
            self._deviates(f"send {packet!r}")
        self._pass(call)

    def receive(self, wait: float) -> bytes:  # noqa: ARG002
        """Answer as it was answered."""
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

    def finish(self) -> None:
        """See that all that was recorded was done.

        Raises:
            DeviationError: it was not.
        """
        if self._next < len(self._calls):
            self._deviates("do nothing more")

    def close(self) -> None:
        """Do nothing: :meth:`finish` tells whether it was too early."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _due(self, act: Act, now: str) -> Call:
        if self._next >= len(self._calls) or self._calls[self._next].act is not act:
            self._deviates(now)
        return self._calls[self._next]

    def _pass(self, call: Call) -> None:
        """Go on to the next line; end as this one did."""
        self._next += 1
        if call.fault is not None:
            raise refuse(call.fault, details=call.details)

    def _deviates(self, now: str) -> NoReturn:
        line = self._next + 2  # the header is the first
        if self._next >= len(self._calls):
            raise DeviationError(f"line {line}: the recording is over; now: {now}")
        recorded = self._calls[self._next].encode()
        raise DeviationError(f"line {line}: recorded: {recorded}; now: {now}")
