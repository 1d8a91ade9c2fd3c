"""What goes wrong on purpose: the grammar of `--fault`, and the count of when it is due.

Knows no socket: the session asks whether something is due and acts it out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from flashyard.flash.emulator.command import WORDS
from flashyard.quantity import parse_quantity

BOOT = "boot"
"""Stands among the commands for the start of the operating system; `boot-a` for that of one slot"""

_STARTS = frozenset({BOOT, "boot-a", "boot-b"})
_GRAMMAR = re.compile(r"([a-z][a-z_-]*)(?::([1-9]\d{0,8}))?=([a-z]+)(?:@(.+))?", re.ASCII)


class Kind(StrEnum):
    """How a command goes wrong. In none of them the command is carried out.

    FAIL answers FAIL; SILENCE answers nothing and keeps the connection for the next command; CUT
    drops the connection (on `download` after so many bytes of the data phase, or after the last
    one where there are fewer; on any other command before the answer); SHORT answers with the
    first two bytes of OKAY; GARBLE answers with bytes that are no fastboot reply; DIE drops every
    connection, and the device never comes back.

    Of `boot`, the start of the operating system, there are others. FAIL: all tries of the slot are
    used up, it is not bootable any more, and the other one starts; where there are no slots it is
    SILENCE: the device never comes back. STAY: the same, but the device stays in its bootloader
    with the slot it could not start. HANG: one try of the slot is used up, and somebody holds the
    keys that lead to the bootloader; the last one ends as FAIL.
    """

    FAIL = "fail"
    SILENCE = "silence"
    CUT = "cut"
    SHORT = "short"
    GARBLE = "garble"
    DIE = "die"
    STAY = "stay"
    HANG = "hang"


_OF_BOOT = (Kind.FAIL, Kind.SILENCE, Kind.STAY, Kind.HANG)
_OF_COMMANDS = (Kind.FAIL, Kind.SILENCE, Kind.CUT, Kind.SHORT, Kind.GARBLE, Kind.DIE)


@dataclass(frozen=True, slots=True)
class Mischief:
    """One `COMMAND[:N]=KIND`.

    Attributes:
        command: the command's word, such as `flash` or `reboot-bootloader`; or `boot`, `boot-a`.
        kind: what happens.
        nth: which occurrence since the device was made, from 1; None for every one.
        cut_after: bytes of the data phase that still arrive; for CUT alone.
    """

    command: str
    kind: Kind
    nth: int | None = None
    cut_after: int = 0


def parse_mischief(text: str) -> Mischief:
    """Read `COMMAND[:N]=fail|silence|cut@BYTES|short|garble|die`; BYTES takes suffixes.

    Of the start of the system, `boot[-SLOT][:N]=fail|silence|stay|hang`.

    Raises:
        ValueError: outside the grammar; one sentence that shows the text.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is not None and match[1] not in WORDS | _STARTS:
        raise ValueError(f"{text!r} names no command of an emulated device.")
    if match is not None and match[1] in _STARTS and (match[3] not in _OF_BOOT or match[4]):
        raise ValueError(f"{text!r} is not a fault: write boot[-SLOT][:N]={'|'.join(_OF_BOOT)}.")
    is_cut = match is not None and match[3] == Kind.CUT
    if match is None or match[3] not in {*_OF_COMMANDS, *_OF_BOOT} or is_cut != bool(match[4]):
        raise ValueError(
            f"{text!r} is not a fault: write COMMAND[:N]=fail|silence|cut@BYTES|short|garble|die."
        )
    if match[1] not in _STARTS and match[3] not in _OF_COMMANDS:
        raise ValueError(f"{text!r} is not a fault: only the start of the system can {match[3]}.")
    nth = int(match[2]) if match[2] else None
    return Mischief(match[1], Kind(match[3]), nth, parse_quantity(match[4]) if match[4] else 0)


class Mishaps:
    """Counts commands and says which of the ordered mischief is due; safe to share by threads."""

    def __init__(self, ordered: Sequence[Mischief]) -> None:
        self._ordered = tuple(ordered)
        self._words = frozenset(one.command for one in ordered)
        self._seen: Counter[str] = Counter()
        self._lock = Lock()

    def due(self, command: str) -> Mischief | None:
        """Count one occurrence of `command`; the first mischief ordered for it wins."""
        if command not in self._words:
            return None
        with self._lock:
            self._seen[command] += 1
            count = self._seen[command]
        matching = (one for one in self._ordered if one.command == command)
        return next((one for one in matching if one.nth in {None, count}), None)
