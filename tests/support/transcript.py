"""A transcript: what a bridge heard and what its browsers were told, line by line.

A line is a JSON object with ``at`` (ms since the story began) and one of: ``mqtt`` (a topic) with
``payload`` and, where the broker had kept it, ``retained``; ``do`` (what happened in the world);
``rest`` (what somebody asked and got, told for the reader); ``ws`` (a browser) with ``payload``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from flashyard.contract.messages import decode_report
from flashyard.contract.topics import parse
from flashyard.contract.tracked import Frame
from flashyard_bridge.picture.fleet import Fleet
from support.hub_script import START
from support.watcher import Watcher

Line = dict[str, Any]


class Player:
    """Plays the heard lines of a transcript to a real fleet, and tells what browsers hear."""

    def __init__(self) -> None:
        self.at = 0
        self.browsers: dict[str, Watcher] = {}
        self.fleet = self._new_fleet()

    def perform(self, line: Line) -> list[Line]:
        """Play one line; return the ``ws`` lines it leads to."""
        self.at = line["at"]
        if "mqtt" in line:
            topic = parse(line["mqtt"])
            payload = json.dumps(line["payload"], separators=(",", ":")).encode()
            report = decode_report(topic.kind, payload)
            retained = line.get("retained", False)
            return self._tell(self.fleet.report(topic, report, payload, retained=retained))
        return self._do(line["do"]) if "do" in line else []

    def _do(self, what: str) -> list[Line]:
        words = what.split()
        match words:
            case ["bridge", "starts"]:
                self.fleet = self._new_fleet()
                self.fleet.link_up(START + self.at)
            case ["bridge", "is", "killed"]:
                self.browsers.clear()
            case ["broker", "is", "killed"]:
                self.fleet.link_down()
            case ["broker", "is", "back"]:
                self.fleet.link_up(START + self.at)
            case ["time", "passes"]:
                return self._tell(self.fleet.tick())
            case [browser, "connects"]:
                assert self.fleet.complete, "a browser waits for the first picture"
                self.browsers[browser] = Watcher()
                snapshot = self.fleet.snapshot()
                self.browsers[browser].join(snapshot)
                return [self._ws(browser, frame) for frame in snapshot]
            case _:
                raise AssertionError(f"nobody knows how to: {what}")
        return []

    def _tell(self, frames: Sequence[Frame]) -> list[Line]:
        said = [frame for frame in frames if hasattr(frame.message, "job_id")]
        return [
            self._ws(browser, frame)
            for browser, watcher in self.browsers.items()
            for frame in watcher.hear(said)
        ]

    def _ws(self, browser: str, frame: Frame) -> Line:
        return {"at": self.at, "ws": browser, "payload": json.loads(frame.payload)}

    def _new_fleet(self) -> Fleet:
        return Fleet(lambda: START + self.at, lambda: self.at / 1000)


def write(path: Path, lines: Iterable[Line]) -> None:
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")


def read(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
