"""Fastboot's grammar: one command at a time, lines while it works, one verdict at the end.

It refuses to know what the commands do, and which transport they take.
Source: AOSP system/core, fastboot/README.md, "Fastboot Protocol".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from time import monotonic
from typing import NamedTuple, NoReturn

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.fastboot.limits import (
    DEFAULT_LIMITS,
    MAX_COMMAND,
    MAX_LINES,
    Limits,
)
from flashyard.flash.fastboot.transport import Transport
from flashyard.flash.source import MAX_DOWNLOAD, Buffers
from flashyard.flash.target import Taken, Tell

_LINES = ("INFO", "TEXT")
_SIZE = re.compile(r"[0-9a-fA-F]{8}")
# How long to look for a device's last words once it no longer takes what we send.
_LAST_WORDS = 0.2


class _Verdict(NamedTuple):
    kind: str  # OKAY or DATA
    text: str


class Client:
    """One fastboot session. Lines the device says while it works go to ``tell``."""

    def __init__(self, transport: Transport, tell: Tell, limits: Limits = DEFAULT_LIMITS) -> None:
        self._transport = transport
        self._tell = tell
        self._limits = limits

    def command(
        self, text: str, wait: float, tell: Tell | None = None, within: float | None = None
    ) -> str:
        """Give a command and return the text of its OKAY.

        ``wait``: seconds until the next word of the answer; ``within``: until all of it is there.

        Raises:
            FaultError: `device_refused` (its FAIL, verbatim in the details), `invalid_request`
                (nothing was sent: the command is over 64 bytes or not printable ASCII),
                `protocol_error`, and what transports raise.
        """
        verdict = self._converse(text, wait, tell, within)
        if verdict.kind != "OKAY":
            self._violated(f"The device asked for data after `{text}`", verdict)
        return verdict.text

    def getvar(self, name: str) -> str | None:
        """Ask for a variable, blanks stripped; a FAIL or nothing at all is None."""
        try:
            limits = self._limits
            told = self.command(f"getvar:{name}", limits.getvar, within=limits.question)
        except FaultError as refusal:
            if refusal.fault.code is Code.DEVICE_REFUSED:
                return None
            raise
        return told.strip() or None

    def download(self, size: int, pieces: Buffers) -> Iterator[Taken]:
        """Send ``size`` bytes to the device's memory; yield what it has taken, as it takes it.

        ``pieces``: (bytes, content bytes they stand for). The bytes must add up to ``size``.

        Raises:
            FaultError: as :meth:`command`; `device_silent` when no byte was taken for a while;
                `timed_out` when too few were.
        """
        if not 0 < size <= MAX_DOWNLOAD:
            raise refuse(Code.INVALID_REQUEST, f"Fastboot cannot send {size} bytes at once.")
        asked = f"download:{size:08x}"
        verdict = self._converse(asked, self._limits.stall)
        if verdict.kind != "DATA" or int(verdict.text, 16) != size:
            self._violated(f"The device agreed to something else than `{asked}`", verdict)
        try:
            self._transport.open_data(size, self._limits.stall)
            busy, sent = 0.0, 0
            for data, content in pieces:
                began = monotonic()
                for taken in self._push(memoryview(data), content):
                    # Only the device's own time counts: it is for us to say how fast we want to go.
                    busy += monotonic() - began
                    sent += taken.wire
                    self._check_pace(busy, sent)
                    yield taken
                    began = monotonic()
        except FaultError as broken:
            self._raise_last_words(broken)
        verdict = self._verdict(asked, self._limits.download)
        if verdict.kind != "OKAY":
            self._violated("The device asked for data after data", verdict)

    def upload(self, text: str, into: memoryview, wait: float) -> None:
        """Give a command that answers with data, and take exactly as much as there is room for.

        Raises:
            FaultError: as :meth:`command`; `protocol_error` where it is another amount;
                `timed_out` where it comes too slowly.
        """
        verdict = self._converse(text, wait, None)
        if verdict.kind != "DATA" or int(verdict.text, 16) != len(into):
            self._violated(f"The device has something else to send than `{text}`", verdict)
        began, done = monotonic(), 0
        while done < len(into):
            done += self._transport.pull(into[done:], self._limits.stall)
            self._check_pace(monotonic() - began, done)
        verdict = self._verdict(text, self._limits.download, None)
        if verdict.kind != "OKAY":
            self._violated("The device sends data after data", verdict)

    def _check_pace(self, busy: float, done: int) -> None:
        """A device that takes a byte now and then would keep us for ever."""
        if busy > self._limits.stall + done / self._limits.slowest:
            raise refuse(Code.TIMED_OUT, "The data goes too slowly.", details=f"{done} bytes")

    def _push(self, data: memoryview, content: int) -> Iterator[Taken]:
        """Push one piece; its content is counted in proportion to its bytes."""
        size = len(data)
        sent = told = 0
        while sent < size:
            taken = self._transport.push(data[sent:], self._limits.stall)
            sent += taken
            so_far = content * sent // size
            yield Taken(taken, so_far - told)
            told = so_far

    def _converse(
        self, text: str, wait: float, tell: Tell | None = None, within: float | None = None
    ) -> _Verdict:
        if not (0 < len(text) <= MAX_COMMAND and text.isascii() and text.isprintable()):
            raise refuse(
                Code.INVALID_REQUEST,
                f"Not a fastboot command of at most {MAX_COMMAND} bytes.",
                details=text,
            )
        self._transport.send(text.encode("ascii"), wait)
        return self._verdict(text, wait, tell, within)

    def _verdict(
        self, asked: str, wait: float, tell: Tell | None = None, within: float | None = None
    ) -> _Verdict:
        """Read lines until the verdict; each line restarts the wait, within reason."""
        deadline = monotonic() + (self._limits.answer if within is None else within)
        for _ in range(MAX_LINES):
            packet = self._transport.receive(wait)
            kind, text = _parse(packet)
            if kind in _LINES:
                (tell or self._tell)(text)
            elif kind == "FAIL":
                raise refuse(Code.DEVICE_REFUSED, f"The device refused `{asked}`.", details=text)
            elif kind == "OKAY" or (kind == "DATA" and _SIZE.fullmatch(text)):
                return _Verdict(kind, text)
            else:
                self._violated(
                    f"The device did not answer `{asked}` as fastboot does", _Verdict(kind, text)
                )
            if monotonic() > deadline:
                break
        raise refuse(Code.TIMED_OUT, f"The device talked on and on about `{asked}`.")

    def _raise_last_words(self, broken: FaultError) -> NoReturn:
        """A device that gives up in the middle of the data may still have said why."""
        try:
            kind, text = _parse(self._transport.receive(_LAST_WORDS))
        except FaultError:
            raise broken from broken.__cause__
        if kind != "FAIL":
            raise broken
        raise refuse(
            Code.DEVICE_REFUSED, "The device gave up while taking data.", details=text
        ) from broken

    @staticmethod
    def _violated(sentence: str, verdict: _Verdict) -> NoReturn:
        words = verdict.kind + verdict.text
        raise refuse(Code.PROTOCOL_ERROR, f"{sentence}.", details=words)


def _parse(packet: bytes) -> tuple[str, str]:
    """Split a response into its first four characters and the rest, a C string's end dropped."""
    text = packet.decode("utf-8", "backslashreplace").rstrip("\0")
    return text[:4], text[4:]
