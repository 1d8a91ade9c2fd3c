"""A recording as a file: JSON lines, a header and then one line per call of the transport.

The format is described in docs/recordings.md. It knows neither transports nor devices.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from flashyard.contract.faults import Code

FORMAT = 1
MAX_FILE = 4 << 20  # bytes; what is recorded here stays far below
_MAGIC = "flashyard-recording"
# What text that is no recording makes of reading it as one; brackets in brackets are the last.
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError)


class RecordingError(ValueError):
    """The file is no recording, or one of a format that is not known; one sentence."""


class Act(StrEnum):
    """What was done: the transport's calls, and the place where some of them were left out."""

    SEND = "send"
    RECEIVE = "receive"
    OPEN = "open"
    PUSH = "push"
    PULL = "pull"
    LEFT_OUT = "leftOut"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a transport, or pushes or pulls in a row.

    Attributes:
        at: ms since the session began, at the call's end.
        act: what was done.
        packet: of a command or an answer, its bytes; None where none came.
        size: bytes that a data phase was opened for, that were pushed or pulled; or calls left out.
        sha256: of what was pushed or pulled, in hex; empty where there was nothing.
        calls: how many pushes or pulls it were.
        fault: the code it ended with, None where it ended well.
        details: what was told beside the code.
    """

    at: int
    act: Act
    packet: bytes | None = None
    size: int = 0
    sha256: str = ""
    calls: int = 1
    fault: Code | None = None
    details: str | None = None

    def encode(self) -> dict[str, Any]:
        """Make the line's object."""
        line: dict[str, Any] = {"at": self.at}
        if self.act in {Act.SEND, Act.RECEIVE}:
            line[self.act] = None if self.packet is None else _text(self.packet)
        else:
            line[self.act] = self.size
        if self.act in {Act.PUSH, Act.PULL}:
            line |= {"calls": self.calls}
            line |= {"sha256": self.sha256} if self.sha256 else {}
        if self.fault is not None:
            line["fault"] = self.fault.value
            line |= {"details": self.details} if self.details is not None else {}
        return line

    @classmethod
    def decode(cls, line: Mapping[str, Any]) -> Self:
        """Read a line's object; raises what a malformed one raises."""
        act = next(act for act in Act if act in line)
        told = line[act]
        has_packet = act in {Act.SEND, Act.RECEIVE}
        return cls(
            int(line["at"]),
            act,
            packet=_bytes(told) if has_packet and told is not None else None,
            size=0 if has_packet else int(told),
            sha256=line.get("sha256", ""),
            calls=line.get("calls", 1),
            fault=Code(line["fault"]) if "fault" in line else None,
            details=line.get("details"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """One session.

    Attributes:
        what: it shows, in a sentence.
        made: `recorded`, or `written` by hand after what is known of a device.
        when: ISO 8601, UTC.
        by: the program that made it.
        transport: `tcp`, `udp` or `usb`.
        breaks_off: does a device there forget a data phase when the session is closed?
        product: the device's own word, where it told.
        limits: the deadlines that held, by name, in seconds.
        calls: in order.
        job: what was to be done, for whoever does it again; None where nobody knows.
        ended: `completed`, or the code of the fault; None where nobody knows.
    """

    what: str
    made: str = "recorded"
    when: str = ""
    by: str = ""
    transport: str
    breaks_off: bool
    product: str | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    job: Mapping[str, Any] | None = None
    ended: str | None = None

    def lines(self) -> Iterable[str]:
        """Write it out, line by line."""
        header = {
            _MAGIC: FORMAT,
            "what": self.what,
            "made": self.made,
            "when": self.when,
            "by": self.by,
            "transport": self.transport,
            "breaksOff": self.breaks_off,
            "product": self.product,
            "limits": dict(self.limits),
        }
        if self.job is not None:
            header["job"] = dict(self.job)
        if self.ended is not None:
            header["ended"] = self.ended
        for line in (header, *(call.encode() for call in self.calls)):
            yield json.dumps(line, separators=(",", ":")) + "\n"

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all; raises OSError."""
        unfinished = path.with_name(path.name + ".part")
        with unfinished.open("w", encoding="ascii") as file:
            file.writelines(self.lines())
        unfinished.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            RecordingError: it is none; says which line is wrong.
            OSError: it cannot be read.
        """
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
        if len(content) > MAX_FILE:
            raise RecordingError(f"{path.name} is larger than any recording.")
        number = 1
        try:
            first, *rest = content.decode("ascii").splitlines()
            header = _header(path, first)
            calls = []
            for number, line in enumerate(rest, 2):  # noqa: B007 - told where it goes wrong
                calls.append(Call.decode(json.loads(line)))
            return cls(
                what=header["what"],
                made=header["made"],
                when=header["when"],
                by=header["by"],
                transport=header["transport"],
                breaks_off=header["breaksOff"],
                product=header["product"],
                limits=header["limits"],
                calls=tuple(calls),
                job=header.get("job"),
                ended=header.get("ended"),
            )
        except RecordingError:
            raise
        except _MALFORMED as wrong:
            said = f"{path.name}, line {number}: not a line of a recording ({wrong!r})."
            raise RecordingError(said) from wrong


def _header(path: Path, line: str) -> dict[str, Any]:
    header: dict[str, Any] = json.loads(line)
    if header[_MAGIC] != FORMAT:
        raise RecordingError(f"{path.name} is of format {header[_MAGIC]}, not {FORMAT}.")
    return header


def _text(packet: bytes) -> str | dict[str, str]:
    """ASCII that can be read as it is, anything else in base64."""
    text = packet.decode("ascii", "replace")
    if text.isprintable() and packet.isascii():
        return text
    return {"base64": b64encode(packet).decode("ascii")}


def _bytes(told: str | Mapping[str, str]) -> bytes:
    return (
        told.encode("ascii") if isinstance(told, str) else b64decode(told["base64"], validate=True)
    )
