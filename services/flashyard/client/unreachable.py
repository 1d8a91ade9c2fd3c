"""The one failure a client has of its own: no bridge answers where it was looked for."""

from __future__ import annotations

HINT = "Start one with `flashyard up`, or say where it is with --url or FLASHYARD_URL."


class UnreachableError(Exception):
    """Raised where nothing answers, or what answers is no bridge; the exit status is 7.

    Attributes:
        url: the bridge's, as it was given.
        sentence: what happened, one sentence.
        hint: what to do about it.
    """

    def __init__(self, url: str, reason: str, hint: str = HINT) -> None:
        super().__init__(f"The bridge at {url} {reason}.")
        self.url = url
        self.sentence = str(self)
        self.hint = hint
