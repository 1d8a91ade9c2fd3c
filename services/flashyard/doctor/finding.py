"""What a check found: how bad, one sentence, and the command that mends it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad; `unknown` is what could not be looked at, and never means well."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        check: what was looked at, in a word or two.
        level: how bad.
        sentence: what was found.
        command: mends it, or is the next step; None where there is nothing to do.
    """

    check: str
    level: Level
    sentence: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """The name of a check, which makes its findings."""

    check: str

    def ok(self, sentence: str) -> Finding:
        """All is well."""
        return Finding(self.check, Level.OK, sentence)

    def warning(self, sentence: str, command: str | None = None) -> Finding:
        """It works, and not as well as it could, or not for everybody."""
        return Finding(self.check, Level.WARNING, sentence, command)

    def problem(self, sentence: str, command: str | None = None) -> Finding:
        """Devices will not be flashed like this."""
        return Finding(self.check, Level.PROBLEM, sentence, command)

    def unknown(self, sentence: str, command: str | None = None) -> Finding:
        """It could not be looked at; the sentence says why."""
        return Finding(self.check, Level.UNKNOWN, sentence, command)
