"""Where recordings are kept: so many, the oldest go first; and whether any are made at all.

Who opens a transport asks here, in whatever task or thread it is: `recording` holds for all that
is begun inside of it, as a log's subjects do.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Lock

from flashyard import __version__
from flashyard.contract.faults import Code, refuse
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.transport import Transport
from flashyard.flash.recordings.blanking import blanked
from flashyard.flash.recordings.recorder import RecordingTransport
from flashyard.flash.recordings.transcript import Act, Call, Transcript

_log = logging.getLogger(__name__)

MOST_FILES = 100  # with the most that one holds, about 150 MiB
_OURS = re.compile(r"(?:look|job)-[A-Za-z0-9.-]*\.jsonl", re.ASCII)
_UNFIT = re.compile(r"[^A-Za-z0-9.]+", re.ASCII)
_PRODUCT = b"getvar:product"


class Folder:
    """A directory for recordings, which is there; safe to share by threads.

    A session in which a device was only asked is kept once per place, the longest that there was;
    one that broke, the last. Every other is kept, until there are too many.
    """

    def __init__(self, path: Path, most: int = MOST_FILES) -> None:
        self._path = path
        self._most = most
        self._numbers = count(1)
        self._looks: dict[str, int] = {}
        self._lock = Lock()

    def wrap(
        self, transport: Transport, place: str, kind: str, limits: Limits, serial: str | None
    ) -> Transport:
        """Have a session recorded; ``place``: where the device is; ``serial``: as far as known."""

        def keep(calls: list[Call]) -> None:
            now = datetime.now(UTC)
            transcript = Transcript(
                what="a job" if _is_job(calls) else "a look",
                when=now.isoformat(timespec="seconds"),
                by=f"flashyard {__version__}",
                transport=kind,
                breaks_off=transport.breaks_off,
                product=_product(calls),
                limits=asdict(limits),
                calls=blanked(calls, serial),
            )
            self.keep(transcript, place, now)

        return RecordingTransport(transport, keep)

    def keep(self, transcript: Transcript, place: str, now: datetime) -> None:
        """Write a recording, if it is worth it; a disk that fails is logged, nothing more."""
        with self._lock:
            name = self._name(transcript, _UNFIT.sub("-", place), now)
            if name is None:
                return
            try:
                transcript.write(self._path / name)
                self._prune()
            except OSError as error:
                _log.warning("a recording could not be kept: %s", error)
            else:
                _log.info("recorded %s", self._path / name)

    def _name(self, transcript: Transcript, place: str, now: datetime) -> str | None:
        if _is_job(transcript.calls):
            return f"job-{now:%Y%m%dT%H%M%S}-{next(self._numbers):04}-{place}.jsonl"
        if any(call.fault for call in transcript.calls):
            return f"look-{place}-broken.jsonl"
        if len(transcript.calls) <= self._looks.get(place, 0):
            return None
        self._looks[place] = len(transcript.calls)
        return f"look-{place}.jsonl"

    def _prune(self) -> None:
        ours = [each for each in self._path.iterdir() if _OURS.fullmatch(each.name)]
        ours.sort(key=lambda each: each.stat().st_mtime)
        for old in ours[: -self._most]:
            old.unlink(missing_ok=True)


_folder: ContextVar[Folder | None] = ContextVar("flashyard_recordings", default=None)


@contextmanager
def recording(path: Path | None) -> Iterator[None]:
    """Have every session recorded that is opened inside, tasks and threads begun there included.

    None: nothing changes.

    Raises:
        FaultError: `invalid_request`: the directory cannot be made.
    """
    if path is not None:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise refuse(
                Code.INVALID_REQUEST,
                f"Nothing can be recorded in {path}: {error.strerror}.",
                hint="Give --record a directory of yours.",
            ) from error
    token = _folder.set(Folder(path) if path is not None else _folder.get())
    try:
        yield
    finally:
        _folder.reset(token)


def recorded(
    transport: Transport, place: str, kind: str, limits: Limits, serial: str | None = None
) -> Transport:
    """Give the transport back, recorded where recordings are made here."""
    folder = _folder.get()
    return transport if folder is None else folder.wrap(transport, place, kind, limits, serial)


def _is_job(calls: list[Call] | tuple[Call, ...]) -> bool:
    """Was the device told to do anything?"""
    told = (call.packet or b"" for call in calls if call.act is Act.SEND)
    return any(not packet.startswith(b"getvar:") for packet in told)


def _product(calls: list[Call]) -> str | None:
    asked = False
    for call in calls:
        if call.act is Act.SEND:
            asked = call.packet == _PRODUCT
        elif asked and call.packet is not None and call.packet.startswith(b"OKAY"):
            return call.packet[4:].decode("ascii", "replace").strip() or None
    return None
