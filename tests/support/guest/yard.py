"""flashyard as its user runs it, inside the guest: its three parts, and commands typed beside them.

Knows what is typed and what is printed; what devices there are is the tests' business.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from support.guest.guest import MEMORY, Guest, Underway

UP_S = 240.0
"""Seconds within which even a busy machine has all of it running."""

_MQTT, _HTTP = "127.0.0.1:1883", "127.0.0.1:8000"
_COMMAND_S = 120.0
_LISTED_S = 90.0
_END_S = 60.0

Told = dict[str, Any]
"""One JSON line of a command."""


class Yard:
    """Broker, bridge and hub in the guest, while inside; found at their usual addresses.

    They are started on their own, which is what `up` does: but that gives a part thirty seconds,
    too few for a translated machine on a busy one.
    """

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._parts: list[Underway] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        while self._parts:
            part = self._parts.pop()
            part.terminate()
            done = part.wait(_END_S)
            assert done.status == 0, done.out

    def _start(self) -> None:
        at = ("--data-dir", MEMORY / "yard")
        joined = ("--broker", f"mqtt://{_MQTT}", *at)
        self._parts.append(self.type("broker", "--listen", _MQTT, *at))
        self._parts[0].wait_for("ready", UP_S)
        self._parts.append(self.type("bridge", "--listen", _HTTP, *joined))
        self._parts.append(self.type("hub", "--bridge-url", f"http://{_HTTP}", *joined))
        for part in self._parts:
            part.wait_for("ready", UP_S)

    @property
    def log(self) -> str:
        """What broker, bridge and hub said so far."""
        return "".join(part.out for part in self._parts)

    def type(self, *words: str | Path) -> Underway:
        """Start `flashyard …`."""
        return self._guest.start_module("flashyard", *words)

    def told(self, *words: str | Path, status: int = 0) -> list[Told]:
        """Type a command and wait for its end; the lines of JSON it printed."""
        return ended(self.type(*words, "--json"), status)

    def device(self, mode: str) -> Told:
        """Wait until the one device that is online is in this mode; its record."""
        deadline = time.monotonic() + _LISTED_S
        while True:
            listed = self.told("ls")
            online = [device for device in listed if device["online"]]
            if [device["mode"] for device in online] == [mode]:
                return online[0]
            assert time.monotonic() < deadline, f"{listed}\n{self.log}"


def ended(command: Underway, status: int = 0) -> list[Told]:
    """Wait for a command's end; the lines of JSON it printed."""
    done = command.wait(_COMMAND_S)
    assert done.status == status, done.out
    return list(_lines(done.out))


def _lines(out: str) -> Iterator[Told]:
    for line in out.splitlines():
        if line.startswith("{"):
            yield json.loads(line)
