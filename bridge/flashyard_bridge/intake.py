"""MQTT in: a topic is checked against its body, and what passes goes to fleet, browsers or orders.

It judges no message's meaning and forwards the bytes that came.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NoReturn

from flashyard.contract import topics
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import (
    DeviceChanged,
    HubChanged,
    Report,
    decode_report,
)
from flashyard.contract.orders import Announce, decode_answer
from flashyard.contract.topics import Kind, Topic
from flashyard.contract.tracked import Frame
from flashyard.link import Address, Link
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.metrics import of_broker
from flashyard_bridge.metrics.of_broker import BrokerValues
from flashyard_bridge.orders import ANSWER_DEADLINE, Orders
from flashyard_bridge.picture.fleet import Fleet

_TICK = 1.0  # seconds between the fleet's looks at the clock

_log = logging.getLogger(__name__)


class Unfit(StrEnum):
    """Why a message was refused."""

    TOPIC = "topic"  # none of ours
    BODY = "body"  # not what its topic says


class Intake:
    """What comes in over the bridge's link.

    Args:
        broker: ``mqtt[s]://…``; with a user in it that is the client id, too: brokers with access
            control let in one bridge of an identity. Without, each bridge has an id of its own.
        fleet: folds the reports.
        live: gets the frames that come out of it.
        clock: Unix ms.
        tls: for a broker behind TLS.
        broker_sys: ask for the broker's ``$SYS`` topics, too; one that has none may refuse.
        answer_within: seconds in which a hub answers an order.

    Attributes:
        listeners: get the frames that come out of the fleet, browsers first; they never wait.
        archivists: get the records of jobs that ended; they never wait.
        link: to be entered by the owner.
        orders: what goes out over the same link, and waits for answers.
        first_picture: set once the fleet's first picture is complete.
        broker: what the broker tells of itself.
        heard: messages by what their topic carries.
        refused: messages by what was wrong with them.
    """

    def __init__(
        self,
        broker: str,
        fleet: Fleet,
        live: Live,
        clock: Callable[[], int],
        *,
        tls: ssl.SSLContext | None = None,
        broker_sys: bool = False,
        answer_within: float = ANSWER_DEADLINE,
    ) -> None:
        self.listeners: list[Callable[[Sequence[Frame]], None]] = [live.publish]
        self.archivists: list[Callable[[JobRecord], None]] = []
        self._fleet = fleet
        self._live = live
        self._clock = clock
        self.broker = BrokerValues()
        self.heard: Counter[Kind] = Counter()
        self.refused: Counter[Unfit] = Counter()
        self.first_picture = asyncio.Event()
        self.link = Link(
            broker,
            Address.parse(broker).user or f"bridge-{secrets.token_hex(8)}",
            on_message=self.hear,
            owner="bridge",
            tls=tls,
            subscriptions=topics.bridge_filters(),
            wishes=[of_broker.FILTER] if broker_sys else [],
            on_up=self.announce,
            on_down=self.go_deaf,
        )
        self.orders = Orders(self.link, fleet, clock, deadline=answer_within)

    def announce(self) -> None:
        """The link is up: ask every hub to say everything that is true."""
        self._fleet.link_up(self._ask())

    def announce_again(self) -> None:
        """Tell the hubs the time, and hear all that is true once more."""
        if self.link.is_up:
            self._fleet.asked(self._ask())

    def _ask(self) -> int:
        now = self._clock()
        self.link.publish(topics.ANNOUNCE, Announce(now=now).encode(), qos=1)
        return now

    def go_deaf(self, _reason: str) -> None:
        """The link is down: silence means nothing now, and no receipt will come."""
        self.broker.forget()
        self._fleet.link_down()
        self.orders.link_down()

    def hear(self, name: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 - the link's
        """Take one message; one that is not what its topic says is counted and dropped."""
        if name.startswith(of_broker.ROOT):
            self.broker.hear(name, payload)
            return
        try:
            topic = topics.parse(name)
        except ValueError as error:
            self._refuse(Unfit.TOPIC, name, error)
            return
        self.heard[topic.kind] += 1
        try:
            if topic.kind is Kind.RECEIPT:
                self.orders.answered(topic.hub, decode_answer(payload))
            elif not payload:
                self._tell(self._fleet.cleared(topic))
            else:
                report = _report(topic, payload)
                self._tell(self._fleet.report(topic, report, payload, retained=retained))
                if isinstance(report, JobRecord):
                    for archivist in self.archivists:
                        archivist(report)
                if isinstance(report, HubChanged) and not retained:
                    self.orders.hub_heard(report.hub)
        except ValueError as error:
            self._refuse(Unfit.BODY, name, error)
        self._look()

    def _refuse(self, why: Unfit, name: str, error: ValueError) -> None:
        self.refused[why] += 1
        count = self.refused.total()
        if count.bit_count() == 1:  # the 1st, 2nd, 4th, 8th …
            _log.warning("refused what came on %.200s (%d so far): %.500s", name, count, error)

    async def watch_clock(self) -> None:
        """Let the fleet see time pass, for ever."""
        while True:
            await asyncio.sleep(_TICK)
            self._tell(self._fleet.tick())
            if self._fleet.is_to_ask:  # once a second, however many have just come
                self.announce_again()
            self._look()

    def _tell(self, frames: Sequence[Frame]) -> None:
        for listener in self.listeners:
            listener(frames)

    def _look(self) -> None:
        if not self.first_picture.is_set() and self._fleet.complete:
            self.first_picture.set()
            self._live.begin()


def _report(topic: Topic, payload: bytes) -> Report:
    """Decode a report once, and hold its ids against its topic's.

    Raises:
        ValueError: it is not what the topic says.
    """
    report = decode_report(topic.kind, payload)
    told = {(report.hub_id, getattr(report, "device_id", None))}
    match report:
        case HubChanged():
            told = {(report.hub_id, None), (report.hub.hub_id, None)}
        case DeviceChanged():
            told.add((report.device.hub_id, report.device.device_id))
            if report.device.current_job is not None:
                told.add((report.device.current_job.hub_id, report.device.current_job.device_id))
        case JobRecord():
            told = {(report.hub_id, None), (report.job.hub_id, None)}
            if (report.job.job_id, report.job.device_id) != (report.job_id, report.device_id):
                raise ValueError("the record is of another job")
    if told != {(topic.hub, topic.device)}:
        raise ValueError("the ids in the body are not the topic's")
    if b"NaN" in payload or b"Infinity" in payload:
        # The decoder lets them pass in keys it does not know; a browser's would fail on them.
        json.loads(payload, parse_constant=_no_number)
    return report


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
