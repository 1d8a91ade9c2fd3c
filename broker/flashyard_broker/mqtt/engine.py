"""amqtt 0.12.1's broker, with its ways of meeting, routing and delivering replaced.

Private methods are overridden, which is why the version is pinned. Each override names the defect
of amqtt that it mends, as docs/decisions/0005-broker.md numbers them, or what it saves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig
from amqtt.events import BrokerEvents
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session

from flashyard_broker.access import REASON
from flashyard_broker.counters import Counters, Holdings, Refused
from flashyard_broker.filters import is_bearable, is_filter
from flashyard_broker.limits import Limits
from flashyard_broker.mqtt import wire
from flashyard_broker.mqtt.client import Client
from flashyard_broker.mqtt.connection import Connection
from flashyard_broker.mqtt.connections import Connections
from flashyard_broker.mqtt.delivery import Delivery
from flashyard_broker.mqtt.denials import Denials
from flashyard_broker.mqtt.session import ClientSession
from flashyard_broker.mqtt.sessions import Sessions
from flashyard_broker.mqtt.taps import Taps
from flashyard_broker.mqtt.verdicts import Verdict, Verdicts
from flashyard_broker.told import Told

_SWEEP = 0.5  # seconds
_REFUSED = 0x80


_log = logging.getLogger(__name__)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (failure := task.exception()) is not None:
        _log.critical("keep-alive is watched no more", exc_info=failure)


class Engine(Broker):
    """The broker's heart: connections, sessions and subscriptions."""

    _sessions: Sessions  # type: ignore[assignment] # ours alone

    def __init__(self, config: BrokerConfig, limits: Limits) -> None:
        super().__init__(config)
        self.limits = limits
        self.counters = Counters()
        self.taps = Taps(self.plugins_manager)
        self.delivery = Delivery(limits, self.counters, self.taps)
        self._retained_messages = self.delivery.retained
        self._sessions = Sessions(limits, self.counters, self.delivery, self.taps)
        clears = [
            plugin.clears_only
            for plugin in self.plugins_manager.plugins
            if hasattr(plugin, "clears_only")
        ]
        self.verdicts = Verdicts(self._topic_filtering, clears[0] if clears else None)
        self.denials = Denials(self.counters)
        self.connections = Connections(limits, self.counters)
        self.told = Told()
        self.unflushed: list[Connection] | None = None
        """Whom one client's packets are being passed on to, while they are."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._expulsions = 0

    # Its life.

    async def _broadcast_loop(self) -> None:
        """Do nothing: messages are delivered as they come (saves a queue and its tasks; D9)."""

    async def _session_monitor(self) -> None:
        """End whom keep-alive, the time for a CONNECT or an expiry ends (D3, D11; 3.1.2.10).

        amqtt notices that a client has been silent for its keep-alive, and does nothing: one that
        froze or was unplugged would be online for ever, its will unpublished.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP)
            self.connections.sweep(loop.time())
            self._sessions.forget_old()

    async def start(self) -> None:
        """Start; if what watches the clients ever fails, that is told at once, not at the end."""
        await super().start()
        if self._session_monitor_task is not None:
            self._session_monitor_task.add_done_callback(_report)

    async def shutdown(self) -> None:
        """Stop. No will is published, and no wait is without an end.

        amqtt waits for each client's reader, which may never have begun, for as long as it takes.
        """
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().shutdown()
        await self.connections.close()

    async def _cleanup_session(self, client_id: str) -> None:
        """Forget a session, and close its client's connection; no will is published.

        amqtt walks through all filters for each (saves that).
        """
        session, client = self._sessions[client_id]
        await client.stop()
        self._sessions.forget(session)

    def start_task(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run what waits for plugins; it ends with the engine at the latest."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def holdings(self) -> Holdings:
        """Say what the broker holds now."""
        return self.delivery.holdings([session for session, _ in self._sessions.values()])

    # Sessions.

    async def admit(self, newcomer: ClientSession, client: Client) -> None:
        """Ask who it is, and only then look whose session it may have (D1; 3.1.4)."""
        called, seen, allowed = newcomer.username, None, False
        # Once more where somebody was expelled meanwhile: it may have been this one, yet unseated.
        while seen != self._expulsions:
            seen, newcomer.username = self._expulsions, called
            allowed = await self._authenticate(newcomer, next(iter(self.listeners_config.values())))
            if allowed and newcomer.will_flag:
                newcomer.will_flag = await self._may_leave_its_will(newcomer)
        newcomer.password = None  # it has done its service
        if client.connection.is_closing:
            return
        if allowed and self.connections.is_full:
            client.refuse(Refused.FULL, code=3)
        elif allowed:
            self._sessions.begin(newcomer, client)
        else:
            client.refuse(newcomer.attributes.get(REASON, Refused.CREDENTIALS), code=5)

    async def _may_leave_its_will(self, session: ClientSession) -> bool:
        topic = str(session.will_topic)
        if await self.verdicts.on_publishing(session, topic) is Verdict.ALLOWED:
            return True
        self.denials.note(session, topic, Action.PUBLISH)
        return False

    def leave(self, session: ClientSession, *, will: bool) -> None:
        """Let a client go."""
        self._sessions.leave(session, will=will)

    def tidy(self, session: ClientSession) -> None:
        """Leave no subscription behind of a session that ended while it was decided on."""
        if self._sessions.get(str(session.client_id), (None, None))[0] is not session:
            self.delivery.routes.remove_all(session)

    def expel(self, identities: frozenset[str]) -> None:
        """End the sessions of identities that are no more, and ask anew what all others may."""
        self._expulsions += 1
        self.verdicts.forget()
        self.denials.forget()
        self._sessions.expel(identities)

    def create_offline_session(self, client_id: str) -> tuple[BrokerProtocolHandler, Session]:
        """Make a session of ours that no client has come for, for a plugin that restores them.

        amqtt's would weigh 50 KB (saves the state machine and its queues).
        """
        nowhere = Connection(self, anonymous=False)
        nowhere.is_closing = nowhere.is_lost = True
        session = ClientSession(self.limits)
        session.client_id, session.clean_session = client_id, False
        session.left()
        return nowhere.client, session

    # Subscriptions and messages.

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """Subscribe; return the granted QoS, or 0x80 (D7, D10; 3.8.4).

        The plugins are asked with the filter, and ours grants no more than it was given (D5). A
        shared subscription is refused, as it is MQTT 5's; amqtt grants it and delivers nothing.
        """
        topic_filter, qos = subscription
        assert isinstance(session, ClientSession)  # noqa: S101 - all sessions are ours
        is_ours = is_filter(topic_filter) and is_bearable(topic_filter)
        if not is_ours or topic_filter.startswith("$share/"):
            self.denials.note(session, topic_filter, Action.SUBSCRIBE)
            return _REFUSED
        is_new = topic_filter not in session.filters
        if is_new and len(session.filters) >= self.limits.subscriptions:
            return _REFUSED
        if not await self.verdicts.on_subscribing(session, topic_filter):
            self.denials.note(session, topic_filter, Action.SUBSCRIBE)
            return _REFUSED
        self.delivery.routes.add(topic_filter, session, qos)
        self.taps.fire(
            BrokerEvents.CLIENT_SUBSCRIBED,
            client_id=session.client_id,
            topic=topic_filter,
            qos=qos,
        )
        return qos

    def remove_subscription(self, topic_filter: str, session: ClientSession) -> None:
        """Unsubscribe (3.10.4)."""
        self.delivery.routes.remove(topic_filter, session)
        self.taps.fire(
            BrokerEvents.CLIENT_UNSUBSCRIBED, client_id=session.client_id, topic=topic_filter
        )

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        """Ask the plugins; without one that knows of topics nobody is (saves a task for each)."""
        if not any(hasattr(plugin, "topic_filtering") for plugin in self.plugins_manager.plugins):
            return True
        return await super()._topic_filtering(session, topic, action)

    def tell(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Publish at QoS 0 in the broker's own name."""
        self.delivery.spread(wire.field_of(topic), payload, 0)
        if retain:
            self.delivery.retain(topic, payload, 0)

    async def _broadcast_message(
        self,
        session: Session | None,  # noqa: ARG002 - amqtt's signature
        topic: str | None,
        data: bytes | bytearray | None,
        force_qos: int | None = None,
    ) -> None:
        """Tell subscribers something in a plugin's name, at once (D9).

        Without a QoS it is each subscription's, as in amqtt.
        """
        if topic is not None:
            qos = 2 if force_qos is None else force_qos
            self.delivery.spread(wire.field_of(topic), bytes(data or b""), qos)

    async def retain_message(
        self,
        source_session: Session | None,  # noqa: ARG002 - amqtt's signature
        topic_name: str | None,
        data: bytes | bytearray | None,
        qos: int | None = None,
    ) -> None:
        """Keep a plugin's message, within the same bounds as any; amqtt has none (D11)."""
        if topic_name is not None:
            self.delivery.retain(topic_name, bytes(data or b""), qos or 0)

    @property
    def subscriptions(self) -> dict[str, list[tuple[Session, int]]]:
        """All subscriptions by filter, made for the plugin that asks: routes are a tree (D4)."""
        found: dict[str, list[tuple[Session, int]]] = {}
        for topic_filter, session, qos in self.delivery.routes:
            found.setdefault(topic_filter, []).append((session, qos))
        return found
