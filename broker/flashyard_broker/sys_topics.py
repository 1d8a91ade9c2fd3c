"""What the broker counts, told on its ``$SYS`` topics, where somebody asked for them.

Names and units are Mosquitto's where it has the same number (mosquitto(8), "Broker Status"); ours
are below ``$SYS/broker/flashyard/``. It knows no socket: a broker tells for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Protocol, Self, TypeVar

import flashyard
from flashyard_broker.counters import Counters, Cut, Dropped, Holdings, Refused

ROOT = "$SYS/broker"
_OWN = "flashyard"
_SOON = 1.0  # seconds from the first round to the second, unless they are closer anyhow
_Reason = TypeVar("_Reason", bound=str)
# What Mosquitto counts as dropped: messages beyond the bound of a queue.
_BEYOND_BOUNDS = (Dropped.STALLED, Dropped.OFFLINE_FULL)


class Watched(Protocol):
    """The broker, as far as it is looked at."""

    @property
    def counters(self) -> Counters:
        """What it counted since its start."""

    def holdings(self) -> Holdings:
        """Tell what it holds now."""

    def tell(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish in its own name, at QoS 0."""


class SysTopics:
    """Tells the numbers of a broker that serves, every ``interval`` seconds; at 0 never.

    They are retained, so that who comes is told at once. The first rounds come sooner, 1, 2, 4, …
    s after one another: clients come soon after the start. An async context manager, to be left
    before the broker.
    """

    def __init__(self, broker: Watched, interval: float) -> None:
        self._broker = broker
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._interval > 0:
            self._task = asyncio.create_task(self._tell_for_ever(), name="broker[$SYS]")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                self._task.result()  # raises what it crashed of

    async def _tell_for_ever(self) -> None:
        began = time.monotonic()
        self._tell("version", f"flashyard {flashyard.__version__}")
        pause = min(_SOON, self._interval)
        while True:
            self._tell("uptime", f"{time.monotonic() - began:.0f} seconds")
            for topic, number in numbers(self._broker.counters, self._broker.holdings()).items():
                self._tell(topic, str(number))
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._interval)

    def _tell(self, topic: str, text: str) -> None:
        self._broker.tell(f"{ROOT}/{topic}", text.encode(), retain=True)


def numbers(counted: Counters, held: Holdings) -> dict[str, int]:
    """Name every number, by its topic below ``$SYS/broker/``."""
    return {
        "clients/connected": held.clients,
        "clients/disconnected": held.offline_sessions,
        "clients/total": held.clients + held.offline_sessions,
        "publish/messages/received": sum(counted.received),
        "publish/messages/sent": sum(counted.sent),
        "publish/messages/dropped": sum(counted.dropped[why] for why in _BEYOND_BOUNDS),
        "retained messages/count": held.retained,
        "subscriptions/count": held.subscriptions,
        f"{_OWN}/connections": counted.connections,
        **{f"{_OWN}/received/{qos}": number for qos, number in enumerate(counted.received)},
        **{f"{_OWN}/sent/{qos}": number for qos, number in enumerate(counted.sent)},
        **_each("refused", Refused, counted.refused),
        **_each("cut", Cut, counted.cut),
        **_each("dropped", Dropped, counted.dropped),
        f"{_OWN}/denied/publish": counted.denied_publishes,
        f"{_OWN}/denied/subscribe": counted.denied_subscriptions,
        f"{_OWN}/retained/bytes": held.retained_bytes,
        f"{_OWN}/queued/messages": held.queued,
        f"{_OWN}/queued/bytes": held.queued_bytes,
        f"{_OWN}/queued/longest": held.longest_queue,
        f"{_OWN}/inflight": held.inflight,
    }


def _each(what: str, reasons: Iterable[_Reason], counted: Mapping[_Reason, int]) -> dict[str, int]:
    """Tell also what did not happen yet."""
    return {f"{_OWN}/{what}/{reason}": counted.get(reason, 0) for reason in reasons}
