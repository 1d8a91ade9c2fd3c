"""One thing that did not happen: told to a person and to a program, carried upward as an error."""

from __future__ import annotations

from dataclasses import dataclass

from flashyard.contract.faults.code import Code
from flashyard.contract.faults.table import TABLE, Rule


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure, told to a person and to a program.

    Attributes:
        code: one of the closed set.
        sentence: what happened, one sentence.
        hint: what to do about it, or None.
        details: the device's or library's own words, verbatim, or None.
    """

    code: Code
    sentence: str
    hint: str | None = None
    details: str | None = None

    @property
    def rule(self) -> Rule:
        """The table's row for this code."""
        return TABLE[self.code]

    @property
    def http(self) -> int:
        """The REST status; a code without one of its own answers 409."""
        return self.rule.http or 409


class FaultError(Exception):
    """Carries a fault to the border where it is told; raised by every layer of ours."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.sentence)
        self.fault = fault

    def __str__(self) -> str:
        details = f" ({self.fault.details})" if self.fault.details else ""
        return f"{self.fault.code}: {self.fault.sentence}{details}"


def fault(
    code: Code, sentence: str | None = None, *, hint: str | None = None, details: str | None = None
) -> Fault:
    """Make a fault; sentence and hint default to the table's."""
    rule = TABLE[code]
    return Fault(code, sentence or rule.sentence, hint or rule.hint, details)


def refuse(
    code: Code, sentence: str | None = None, *, hint: str | None = None, details: str | None = None
) -> FaultError:
    """Make the exception that carries a fault, to be raised at once."""
    return FaultError(fault(code, sentence, hint=hint, details=details))
