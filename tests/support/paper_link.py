"""A link that writes down what it is given, for what is told rather than how it travels."""

from __future__ import annotations

from typing import NamedTuple, cast

from flashyard.contract.messages import Report, decode_report
from flashyard.contract.topics import MANNERS, Topic, parse
from flashyard.link import Link


class Sheet(NamedTuple):
    topic: Topic
    payload: bytes
    qos: int
    retain: bool

    @property
    def report(self) -> Report:
        return decode_report(self.topic.kind, self.payload)


class PaperLink:
    """``sheets`` are what was published; while ``is_up`` is false nothing is taken."""

    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self.is_up = True

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> bool:
        if self.is_up:
            self.sheets.append(Sheet(parse(topic), payload, qos, retain))
        return self.is_up

    def as_link(self) -> Link:
        return cast("Link", self)

    def check_manners(self) -> None:
        """See that each kind was published as its kind is."""
        for sheet in self.sheets:
            manners = MANNERS[sheet.topic.kind]
            assert (sheet.qos, sheet.retain) == (manners.qos, manners.retain)
