"""One WebSocket connection as its user sees it: what came, and whether it was in order."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flashyard.contract.messages import (
    FlashCompleted,
    FlashFailed,
    FlashPaused,
    FlashProgress,
    FlashQueued,
    FlashResumed,
    FlashStarted,
    Message,
)
from flashyard.contract.tracked import Frame

_LETTER = {
    FlashQueued: "q",
    FlashStarted: "s",
    FlashPaused: "z",
    FlashResumed: "r",
    FlashCompleted: "C",
    FlashFailed: "F",
}
# queued? -> started -> (progress | paused | resumed)* -> one 100 % -> completed; or -> failed.
# `[CF]` alone: the end of a job from before the bridge's first picture.
# Between queued and started it may be held: paused and resumed, without progress.
_ORDER = re.compile(r"((q[zr]*)?s[pzr]*(h[zr]*(C|F)?|F)?|q[zr]*F?|C|F)")
_TURNS = re.compile(r"(zr)*z?[CF]?")
_STANDING = re.compile(r"z[^r]*[shC]")  # a job that stands cannot, but for failing


class Watcher:
    """Takes frames in the order they are sent, and tells what is wrong with them."""

    def __init__(self) -> None:
        self.seen: dict[str, list[Message]] = {}
        self.barred: set[str] = set()

    def join(self, snapshot: Sequence[Frame]) -> None:
        """Take what a new connection is told first."""
        for frame in snapshot:
            self._note(frame)

    def hear(self, frames: Sequence[Frame]) -> list[Frame]:
        """Take live frames, and tell which reached it.

        A job that was given up and came back is not for this connection.
        """
        reached = []
        for frame in frames:
            job_id = getattr(frame.message, "job_id", None)
            if job_id is not None and frame.revived and self.letters(job_id)[-1:] in {"", "C", "F"}:
                self.barred.add(job_id)
            if job_id not in self.barred:
                self._note(frame)
                reached.append(frame)
        return reached

    def _note(self, frame: Frame) -> None:
        job_id = getattr(frame.message, "job_id", None)
        if job_id is not None:
            self.seen.setdefault(job_id, []).append(frame.message)

    def letters(self, job_id: str | None) -> str:
        return "".join(map(self._letter, self.seen.get(job_id or "", [])))

    def ends(self, job_id: str) -> int:
        return sum(letter in "CF" for letter in self.letters(job_id))

    def stands(self, job_id: str) -> bool:
        """Is it, as far as was told, paused or held?"""
        turns = re.sub("[^zrs]", "", self.letters(job_id))
        return turns.endswith("z")

    def complaints(self) -> list[str]:
        wrong = []
        for job_id, messages in self.seen.items():
            letters = self.letters(job_id)
            if not _ORDER.fullmatch(letters):
                wrong.append(f"{job_id}: out of order: {letters}")
            seqs = [message.seq for message in messages]  # type: ignore[union-attr]  # flash_*
            if seqs != sorted(seqs):
                wrong.append(f"{job_id}: seq fell: {seqs}")
            if not _TURNS.fullmatch(re.sub("[qsph]", "", letters)):
                wrong.append(f"{job_id}: paused and resumed not in turn: {letters}")
            if _STANDING.search(letters):
                wrong.append(f"{job_id}: it began or came to its end while it stood: {letters}")
            percent = [m.progress for m in messages if isinstance(m, FlashProgress)]
            if percent != sorted(percent):
                wrong.append(f"{job_id}: percent fell: {percent}")
            done = [m.bytes_transferred for m in messages if isinstance(m, FlashProgress)]
            if done != sorted(done):
                wrong.append(f"{job_id}: bytes fell: {done}")
        return wrong

    @staticmethod
    def _letter(message: Message) -> str:
        if isinstance(message, FlashProgress):
            return "h" if message.progress >= 100.0 else "p"
        return _LETTER[type(message)]
