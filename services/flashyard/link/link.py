"""A link that stays: it connects, re-connects and re-subscribes until it is left.

It knows no message and no role. What it promises: the loop is never blocked; on every connection
the subscriptions come first, then what was kept, then `on_up`, and only then the messages.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Never, Self

from paho.mqtt.client import MQTTMessage

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.link.address import Address
from flashyard.link.dial import dial
from flashyard.link.letter import Letter, LinkDownError, Will
from flashyard.link.outgoing import Outgoing
from flashyard.link.reasons import of_denied, of_repeated_loss
from flashyard.link.tls import client_context, shake_hands
from flashyard.link.wire import Wire

_log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.25  # seconds; the pause is drawn from 0 to this, doubled with each failure,
_LONGEST_PAUSE = 10.0  # up to this (full jitter)
_STEADY = 10.0  # seconds a connection lasts before its loss is no failure to back off from
_PARTING = 1.0  # seconds for the DISCONNECT to leave


class Link:
    """One MQTT link: an async context manager, used from the loop's own thread.

    It may be entered again after it was left.

    Callbacks are plain functions, called one at a time in one task. A ValueError or FaultError of
    a callback (bad input) is logged and counted; anything else is a defect: the link then ends,
    the body of its ``async with`` is cancelled, and the defect comes out of it in an
    ExceptionGroup. When the body ends by an exception a will is due, and no DISCONNECT is sent.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        *,
        on_message: Callable[[str, bytes, bool], None],
        owner: str = "client",
        tls: ssl.SSLContext | None = None,
        subscriptions: Sequence[tuple[str, int]] = (),
        wishes: Sequence[tuple[str, int]] = (),
        will: Callable[[], Will] | Will | None = None,
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda _reason: None,
        keepalive: int = 10,
        keep_unsent: bool = False,
        max_queued: int = 1000,
        connect_timeout: float = 5.0,
    ) -> None:
        """Describe a link; nothing is opened yet.

        Args:
            url: ``mqtt[s]://[user:password@]host[:port]``.
            client_id: unique among the broker's clients.
            on_message: gets topic, payload and whether it is the broker's retained copy.
            owner: what it is, for people: "hub", "bridge"; its user at the broker must be one.
            tls: of `client_context`, for mqtts; by default the system's CAs are trusted.
            subscriptions: (filter, QoS) pairs; a refused one keeps the link down.
            wishes: further ones; a refused one is told in the log, and done without.
            will: what the broker publishes if this process vanishes, or what makes it anew for each
                connection.
            on_up: called on each connection, before its first message.
            on_down: gets the reason when a connection is lost, not when the link is left.
            keepalive: seconds; a broker counts a client as gone after 1.5 of it.
            keep_unsent: whether QoS 1 messages without a PUBACK outlive the connection.
            max_queued: bound of messages on their way, for QoS 0 and QoS 1 each.
            connect_timeout: seconds for TCP, again for TLS, and again for the broker's CONNACK and
                SUBACK.

        Raises:
            FaultError: the URL is not one.
        """
        self.address = Address.parse(url)
        self.client_id = client_id
        self.connections = 0
        self.received = 0
        self.callback_errors = 0
        self.down_reason = "not connected yet"
        self._owner = owner
        self._tls = tls
        self._on_message = on_message
        self._on_up = on_up
        self._on_down = on_down
        self._subscriptions = tuple(subscriptions)
        self._wishes = tuple(wishes)
        self._will = will
        self._keepalive = keepalive
        self._keep_unsent = keep_unsent
        self._max_queued = max_queued
        self._connect_timeout = connect_timeout
        self._up = asyncio.Event()
        self._up_since: float | None = None
        self._short_lives = 0  # connections in a row that were soon lost
        self._outgoing = Outgoing(max_queued, keep=keep_unsent)
        self._group: asyncio.TaskGroup
        self._keeper: asyncio.Task[None]
        self._left_in_order = False

    def __repr__(self) -> str:
        return f"<Link {self.client_id} to {self.address}, {'up' if self.is_up else 'down'}>"

    @property
    def is_up(self) -> bool:
        """Whether there is a connection with all subscriptions granted."""
        return self._up.is_set()

    @property
    def dropped(self) -> int:
        """How many messages were not taken, or were discarded unconfirmed."""
        return self._outgoing.dropped

    async def __aenter__(self) -> Self:
        if self.address.tls and self._tls is None:
            self._tls = client_context()
        self._group = await asyncio.TaskGroup().__aenter__()
        self._left_in_order = False
        self._keeper = self._group.create_task(self._keep_up(), name=f"link {self.client_id}")
        self._keeper.add_done_callback(_report)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left_in_order = error is None or self._will is None
        self._keeper.cancel()
        # The body's own error passes as it is; the group adds only a crash of the keeper.
        await self._group.__aexit__(None, None, None)

    async def wait_until_up(self, within: float) -> None:
        """Wait for the connection.

        Raises:
            FaultError: `broker_unreachable`, with the reason, after ``within`` seconds.
        """
        try:
            async with asyncio.timeout(within):
                await self._up.wait()
        except TimeoutError:
            raise refuse(
                Code.BROKER_UNREACHABLE,
                f"The MQTT broker at {self.address} cannot be reached.",
                details=self.down_reason,
            ) from None

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> bool:
        """Send a message, or keep it for later; never wait.

        Returns:
            Whether it was taken. It is not at QoS 0 while down, at QoS 1 while down unless
            `keep_unsent`, nor beyond `max_queued`.
        """
        return self._outgoing.post(Letter(topic, payload, qos, retain))

    async def publish_and_confirm(
        self, topic: str, payload: bytes, *, retain: bool = False, within: float = 2.0
    ) -> bool:
        """Send a message at QoS 1 and wait for the broker's PUBACK.

        Returns:
            Whether it came within so many seconds. The message may still arrive if not.
        """
        confirmed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if not self._outgoing.post(Letter(topic, payload, 1, retain, confirmed)):
            return False
        # Not asyncio.timeout: a task that is being cancelled says its last words through here,
        # and Python before 3.11.3 takes the expiry for one more cancellation then.
        await asyncio.wait([confirmed], timeout=within)
        return confirmed.done() and confirmed.result()

    async def _keep_up(self) -> None:
        failures = 0
        while True:
            try:
                await self._live()
            except LinkDownError as down:
                lasted = self._go_down(str(down))
            # Two clients of one id would else throw each other out as fast as they can.
            failures = 0 if lasted >= _STEADY else failures + 1
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures, 16))
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - jitter is no secret

    async def _live(self) -> Never:
        sock = await dial(self.address, self._connect_timeout)
        if self.address.tls and self._tls is not None:
            sock = await shake_hands(sock, self._tls, self.address.host, self._connect_timeout)
        wire = Wire(sock, self.address, self.client_id, self._outgoing.confirm, self._max_queued)
        try:
            will = self._will() if callable(self._will) else self._will
            filters = [*self._subscriptions, *self._wishes]
            refused = await wire.greet(will, filters, self._keepalive, self._connect_timeout)
            if needed := [name for name, _ in self._subscriptions if name in refused]:
                raise LinkDownError(of_denied(needed, self.address, self._owner))
            if refused:
                _log.warning("%s does not grant %s: done without", self.address, ", ".join(refused))
            self._come_up(wire)
            while True:
                for message in await wire.receive():
                    self._call(self._hand_over, message)
        except asyncio.CancelledError:
            if self._left_in_order:
                await wire.part(_PARTING)
            raise
        finally:
            wire.cut()
            self._outgoing.detach()
            self._up.clear()

    def _come_up(self, wire: Wire) -> None:
        self.connections += 1
        self._up_since = asyncio.get_running_loop().time()
        self._outgoing.attach(wire)
        self._up.set()
        _log.info("connected to %s as %s", self.address, self.client_id)
        self._call(self._on_up)

    def _go_down(self, reason: str) -> float:
        """Note a loss or a failure; return how many seconds the connection had lasted."""
        since, self._up_since = self._up_since, None
        lasted = 0.0 if since is None else asyncio.get_running_loop().time() - since
        if since is not None:
            self._short_lives = 0 if lasted >= _STEADY else self._short_lives + 1
            if self._short_lives > 1:
                reason = of_repeated_loss(reason, self.client_id)
        if since is not None or reason != self.down_reason:  # a line per change, not per attempt
            _log.warning("no connection to %s: %s", self.address, reason)
        self.down_reason = reason
        if since is not None:
            self._call(self._on_down, reason)
        return lasted

    def _hand_over(self, message: MQTTMessage) -> None:
        self.received += 1
        self._on_message(message.topic, bytes(message.payload), message.retain)

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            callback(*arguments)
        except (ValueError, FaultError):
            self.callback_errors += 1
            if self.callback_errors.bit_count() == 1:  # the 1st, 2nd, 4th, 8th …
                _log.exception("a callback rejected its input, %d so far", self.callback_errors)


def _report(keeper: asyncio.Task[None]) -> None:
    if not keeper.cancelled() and (crash := keeper.exception()) is not None:
        _log.critical("%s crashed", keeper.get_name(), exc_info=crash)
