"""What tells one device from the next of its kind, taken out of a recording.

What is blanked keeps its length, so that an oddity that hangs on it stays one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from flashyard.flash.recordings.transcript import Act, Call

_ANSWER = re.compile(rb"(OKAY|INFO|TEXT)(.*)", re.DOTALL)
_ASKED = re.compile(rb"getvar:([^:\s]+)")
_TOLD = re.compile(rb"\s*(?:\(bootloader\)\s*)?([^:\s]+):\s*(.*)", re.DOTALL)
# As bootloaders name what is one device's own; `serialno` is the one that all of them have.
_OWN = re.compile(
    rb"serial(?:no|[-_]?num(?:ber)?)?\d*|.*[-_]serial(?:no)?|imei\d*|meid|psn|barcode|uu?id"
    rb"|(?:cpu|chip|soc|device)[-_]?id|(?:.*[-_])?mac(?:[-_]?addr(?:ess)?)?|bt[-_]?addr(?:ess)?",
    re.IGNORECASE,
)
_LEAST = 4  # bytes; a shorter one stands in too many words by accident


def blanked(calls: Iterable[Call], known: str | None = None) -> tuple[Call, ...]:
    """Blank serial and other own numbers wherever they stand; ``known``: a serial from elsewhere.

    A device tells them in answers to questions of their name, and in lines of `getvar:all`.
    """
    calls = tuple(calls)
    words = {known.encode("utf-8", "replace")} if known else set()
    words |= set(_own_words(calls))
    longest_first = sorted((word for word in words if len(word) >= _LEAST), key=len, reverse=True)
    return tuple(_without(call, longest_first) for call in calls)


def _own_words(calls: Iterable[Call]) -> Iterator[bytes]:
    asked = b""
    for call in calls:
        packet = call.packet or b""
        if call.act is Act.SEND:
            question = _ASKED.fullmatch(packet.strip())
            asked = question[1] if question else b""
        elif call.act is Act.RECEIVE and (answer := _ANSWER.fullmatch(packet)):
            value = answer[2].strip(b"\0 \t\r\n")
            if answer[1] == b"OKAY" and _OWN.fullmatch(asked):
                yield value
            elif (told := _TOLD.fullmatch(value)) and _OWN.fullmatch(told[1]):
                yield told[2].strip()


def _without(call: Call, words: Iterable[bytes]) -> Call:
    packet, details = call.packet, call.details
    for word in words:
        if packet is not None:
            packet = packet.replace(word, b"x" * len(word))
        if details is not None:
            text = word.decode("utf-8", "backslashreplace")
            details = details.replace(text, "x" * len(text))
    return replace(call, packet=packet, details=details)
