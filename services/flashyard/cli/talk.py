"""What is said to the person at the terminal, on stderr, and what is handed on, on stdout."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType

from flashyard.contract.faults import FaultError


def say(text: str = "") -> None:
    """Say something that is no data."""
    sys.stderr.write(f"{printable(text)}\n")
    sys.stderr.flush()


def printable(text: str) -> str:
    """Take what could steer a terminal out of others' words: a device's, or a file's name."""
    return "".join(each if each.isprintable() or each == "\n" else "�" for each in text)


def print_data(line: str) -> None:
    """Print a line of what was asked for, at once, on stdout."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def complain(sentence: str, hint: str | None = None, details: str | None = None) -> None:
    """Say what went wrong and what to do about it."""
    say(f"flashyard: {sentence}")
    if details:
        say(f"details: {details}")
    if hint:
        say(f"hint: {hint}")


def complain_of(error: FaultError) -> int:
    """Say a fault; return the exit status that goes with it."""
    complain(error.fault.sentence, error.fault.hint, error.fault.details)
    return error.fault.rule.exit


def speak_of_bugs(*, with_traceback: bool) -> None:
    """Have what nobody foresaw told in our form; the interpreter then exits with 1."""

    def told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if with_traceback:
            traceback.print_exception(kind, error, trace)
        complain(
            f"Something went wrong inside flashyard: {kind.__name__}: {error}.",
            None
            if with_traceback
            else "Run `flashyard --debug …` for the traceback, and report it.",
        )

    sys.excepthook = told
