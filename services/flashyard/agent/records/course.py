"""What happened to one job on its way: its log, how long it was in which phase, what it met.

It goes into the journal as it grows, so that a job's record tells of the time before a kill, too.
It knows neither messages nor how the job ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from threading import Lock
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from flashyard.agent.clock import Clock
from flashyard.contract.faults import Fault
from flashyard.contract.history import MAX_MISHAPS, MAX_SPANS, Mishap, Span
from flashyard.contract.model import Model, Name
from flashyard.contract.phases import Phase
from flashyard.contract.records import LogLine
from flashyard.flash.running.lines import MAX_LINES, MAX_TEXT, Line, Lines
from flashyard.flash.target import Description

_LONGEST = 200  # characters of a name


class Kind(StrEnum):
    """What is noted of a job; the value is kept in journals."""

    LINE = "line"
    SPAN = "span"
    MISHAP = "mishap"
    SUBJECT = "subject"


BOUNDS: Mapping[Kind, int] = MappingProxyType(
    {Kind.LINE: MAX_LINES, Kind.SPAN: MAX_SPANS, Kind.MISHAP: MAX_MISHAPS, Kind.SUBJECT: 1}
)


class Subject(Model):
    """The device that a job went to, as it was then."""

    port: Name | None = None
    serial: Name | None = None
    product: Name | None = None
    emulated: bool | None = None


What: TypeAlias = LogLine | Span | Mishap | Subject


class Noted(NamedTuple):
    """One thing that was noted; ``number`` counts those of its kind, since the job came."""

    kind: Kind
    number: int
    what: What


_MODELS: Mapping[Kind, type[What]] = MappingProxyType(
    {Kind.LINE: LogLine, Kind.SPAN: Span, Kind.MISHAP: Mishap, Kind.SUBJECT: Subject}
)


def decode(kind: str, number: int, told: str) -> Noted:
    """Read one thing back; raises ValueError where it makes no sense."""
    known = Kind(kind)
    return Noted(known, number, _MODELS[known].decode(told))


class _Open(NamedTuple):
    """The span that lasts: ``at`` in Unix ms, ``since`` in monotonic seconds."""

    number: int
    phase: Phase
    partition: str | None
    at: int
    since: float


class Course:
    """Noted on the event loop, but for its lines; :meth:`news` may be asked for by any thread.

    Attributes:
        lines: the job's log.
        subject: the device it went to; None: it never went to any.
    """

    def __init__(self, clock: Clock) -> None:
        self.lines = Lines(lambda: clock.now() / 1000)
        self.subject: Subject | None = None
        self._clock = clock
        self._spans: dict[int, Span] = {}
        self._mishaps: dict[int, Mishap] = {}
        self._open: _Open | None = None
        self._met_in: int | None = None  # the span of the last mishap
        self._lock = Lock()
        self._changed: dict[tuple[Kind, int], What] = {}  # since the last news
        self._kept_lines = 0

    def restore(self, noted: Iterable[Noted]) -> None:
        """Take what an earlier run of the hub wrote down; what lasted then is over."""
        lines: list[Line] = []
        count = 0
        for _, number, what in noted:
            match what:
                case LogLine():
                    lines.append(Line(what.at, what.text))
                    count = number + 1
                case Span():
                    self._spans[number] = what
                case Mishap():
                    self._mishaps[number] = what
                case Subject():
                    self.subject = what
        self.lines.restore(lines, count)
        self._kept_lines = count

    @property
    def spans(self) -> tuple[Span, ...]:
        """The times spent in phases, the oldest first; of the one that lasts what is known."""
        return tuple(self._spans.values())

    @property
    def mishaps(self) -> tuple[Mishap, ...]:
        """The faults that were met, the oldest first."""
        return tuple(self._mishaps.values())

    def news(self) -> list[Noted]:
        """Tell what is to be written down by now, once."""
        with self._lock:
            self._lengthen(self._clock.monotonic())
            changed, self._changed = self._changed, {}
            lines, count = self.lines.since(self._kept_lines)
            self._kept_lines = count
        first = count - len(lines)
        return [
            *(Noted(kind, number, what) for (kind, number), what in changed.items()),
            *(
                Noted(Kind.LINE, number, LogLine(at=line.at, text=line.text))
                for number, line in enumerate(lines, first)
            ),
        ]

    def went_to(self, subject: Subject) -> None:
        """Note which device it goes to."""
        with self._lock:
            if subject != self.subject:
                self.subject = self._changed[Kind.SUBJECT, 0] = subject

    def saw(self, device: Description) -> None:
        """Note who the device there says it is, while the job is at work on it."""
        there = self.subject or Subject()
        self.went_to(
            there.with_(
                serial=device.serial[:_LONGEST] if device.serial else there.serial,
                product=device.product[:_LONGEST] if device.product else there.product,
                emulated=device.emulated,
            )
        )

    def enters(
        self, phase: Phase, partition: str | None = None, since: float | None = None
    ) -> None:
        """Note where it is, and since when (monotonic seconds); nothing where that was known."""
        now = self._clock.monotonic()
        since = now if since is None else since
        with self._lock:
            if self._open and (self._open.phase, self._open.partition) == (phase, partition):
                return
            self._lengthen(since)
            at = max(self._clock.now() - int((now - since) * 1000), 0)
            self._open = _Open(_next(self._spans), phase, partition, at, since)
            self._lengthen(since)

    def stands(self) -> None:
        """Note that it is in no phase now: it is paused, was broken off, or is over."""
        with self._lock:
            self._lengthen(self._clock.monotonic())
            self._open = None

    def met(self, why: Fault, phase: Phase) -> None:
        """Note a fault; the same once more in the same span is the one that was noted."""
        mishap = _mishap(why, self._clock.now(), phase)
        with self._lock:
            last = self.mishaps[-1] if self._mishaps else None
            where = self._open and self._open.number
            if where != self._met_in or last != mishap.with_(at=last.at if last else 0):
                self._add(mishap)
            self._met_in = where

    def ended_by(self, why: Fault, phase: Phase) -> None:
        """Have the fault that ends the job be the last one, as it was met."""
        own = _mishap(why, self._clock.now(), phase)
        with self._lock:
            for number, known in reversed(self._mishaps.items()):
                if (known.code, known.error) == (own.code, own.error):
                    own = self._mishaps.pop(number)
                    break
            self._add(own)

    def _add(self, mishap: Mishap) -> None:
        number = _next(self._mishaps)
        self._mishaps[number] = self._changed[Kind.MISHAP, number] = mishap
        _shorten(self._mishaps, MAX_MISHAPS)

    def _lengthen(self, until: float) -> None:
        """Have the span that lasts, if one does, be as long as it is by now."""
        if self._open is None:
            return
        number, phase, partition, at, since = self._open
        length = max(int((until - since) * 1000), 0)
        span = Span(phase=phase, partition=partition, at=at, duration_ms=length)
        self._spans[number] = self._changed[Kind.SPAN, number] = span
        _shorten(self._spans, MAX_SPANS)


def _next(numbered: Mapping[int, Model]) -> int:
    return max(numbered, default=-1) + 1


def _shorten(numbered: dict[int, Span] | dict[int, Mishap], most: int) -> None:
    while len(numbered) > most:
        del numbered[next(iter(numbered))]


def _mishap(why: Fault, at: int, phase: Phase) -> Mishap:
    details = why.details and why.details[:MAX_TEXT]
    return Mishap(at=at, phase=phase, code=why.code, error=why.sentence[:MAX_TEXT], details=details)
