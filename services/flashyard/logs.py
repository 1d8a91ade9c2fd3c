"""What a long-running process says on stderr: JSON lines for machines, plain ones on a terminal.

Writing happens in a thread behind a bounded queue: a terminal stopped with Ctrl-S, or a full
pipe, must not stop a flash. Credentials and query strings are blanked in whatever is written.
"""

from __future__ import annotations

import logging
import queue
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from logging.handlers import QueueHandler, QueueListener
from types import MappingProxyType
from typing import Any, Literal, TextIO

from pythonjsonlogger.json import JsonFormatter

OURS = ("flashyard", "flashyard_bridge", "flashyard_broker")
_WAITING = 2_000  # records between the loop and the writer; more are dropped and counted
_LAST_WORDS = 2.0  # seconds the writer gets at the end
_SUBJECTS = ("hub", "device", "job")
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@\"']*@")
_QUERY = re.compile(r"(?<=\?)[^\s\"'<>\\]*=[^\s\"'<>\\]*")
_BEARER = re.compile(r"(?i)(?<=bearer )[\w.~+/=-]+")
_about: ContextVar[Mapping[str, str]] = ContextVar(
    "flashyard_logs_about", default=MappingProxyType({})
)


@contextmanager
def about(
    *, hub: str | None = None, device: str | None = None, job: str | None = None
) -> Iterator[None]:
    """Name what every line logged inside, tasks and threads started there included, is about."""
    named = {"hub": hub, "device": device, "job": job}
    token = _about.set({**_about.get(), **{key: value for key, value in named.items() if value}})
    try:
        yield
    finally:
        _about.reset(token)


@contextmanager
def written(
    role: str,
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["auto", "json", "plain"] = "auto",
    stream: TextIO | None = None,
) -> Iterator[None]:
    """Write this process's logs to a stream while inside; at most once at a time.

    Args:
        role: what this process is, named in every line.
        level: of our own lines; libraries are heard from `warning` on.
        form: `auto` is plain on a terminal and JSON elsewhere.
        stream: stderr by default.
    """
    out = sys.stderr if stream is None else stream
    plain = form == "plain" or (form == "auto" and out.isatty())
    writer = logging.StreamHandler(out)
    writer.setFormatter(_Plain(role) if plain else _Json(role))
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(_WAITING)
    intake = _Intake(waiting)
    listener = _Writer(waiting, writer)
    root = logging.getLogger()
    root.addHandler(intake)
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    listener.start()
    try:
        yield
    finally:
        root.removeHandler(intake)
        listener.stop()


def redact(text: str) -> str:
    """Blank credentials in URLs, query strings and bearer tokens."""
    text = _CREDENTIALS.sub("…@", text) if "@" in text else text
    text = _QUERY.sub("…", text) if "?" in text else text
    return _BEARER.sub("…", text)


class _Intake(QueueHandler):
    """Takes records without ever waiting, in the context that logged them."""

    def __init__(self, waiting: queue.Queue[logging.LogRecord]) -> None:
        super().__init__(waiting)
        self._lost = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record.msg, record.args = record.getMessage(), None
        for subject, name in _about.get().items():
            setattr(record, subject, name)
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            if self._lost:
                record.msg = f"{record.msg} ({self._lost} lines before this one were dropped)"
            self.queue.put_nowait(record)
            self._lost = 0
        except queue.Full:
            self._lost += 1


class _Writer(QueueListener):
    """Writes; at the end it is given a little time, not all the time a stuck terminal wants."""

    def __init__(self, waiting: queue.Queue[logging.LogRecord], writer: logging.Handler) -> None:
        super().__init__(waiting, writer)
        self._waiting: queue.Queue[Any] = waiting
        self._is_over = False

    def handle(self, record: logging.LogRecord) -> None:
        if not self._is_over:
            super().handle(record)

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        with suppress(queue.Full):
            self._waiting.put(None, timeout=_LAST_WORDS)  # what QueueListener takes for the end
        if thread is not None:
            thread.join(_LAST_WORDS)
        self._is_over = True


class _Json(JsonFormatter):
    """One object a line: at, level, role, hub, device, job, message, logger, and extras."""

    def __init__(self, role: str) -> None:
        super().__init__(
            ("levelname", "message", "name"),
            rename_fields={"levelname": "level", "name": "logger", "timestamp": "at"},
            static_fields={"role": role},
            timestamp=True,
            json_ensure_ascii=False,
        )

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _Plain(logging.Formatter):
    """For eyes: role, time, level where it matters, sentence, what it is about."""

    def __init__(self, role: str) -> None:
        super().__init__(datefmt="%H:%M:%S")
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        at = self.formatTime(record, self.datefmt)
        named = [f"{key}={getattr(record, key)}" for key in _SUBJECTS if hasattr(record, key)]
        text = "  ".join([f"{self._role:<8} {at}  {level}{record.getMessage()}", *named])
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        return redact(text)
