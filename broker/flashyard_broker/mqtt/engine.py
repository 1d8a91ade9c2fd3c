"""amqtt 0.12.1's broker, with its ways of meeting, routing and delivering replaced.

Private methods are overridden, which is why the version is pinned. Each override names the defect
of amqtt that it mends, as docs/decisions/0005-broker.md numbers them, or what it saves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig
from amqtt.events import BrokerEvents
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session

from flashyard_broker.counters import Counters, Cut, Holdings, Refused
from flashyard_broker.filters import is_bearable, is_filter
from flashyard_broker.limits import Limits
from flashyard_broker.mqtt import wire
from flashyard_broker.mqtt.client import Client
from flashyard_broker.mqtt.connection import Connection
from flashyard_broker.mqtt.delivery import Delivery
from flashyard_broker.mqtt.denials import Denials
from flashyard_broker.mqtt.session import ClientSession
from flashyard_broker.mqtt.sessions import Sessions
from flashyard_broker.mqtt.taps import Taps
from flashyard_broker.mqtt.verdicts import Verdict, Verdicts

_SWEEP = 0.5  # seconds
_PATIENCE = 1.5  # of a client's keep-alive (3.1.2.10)
_FAREWELL = 2.0  # seconds for clients to take what was sent to them when the broker stops
_REFUSED = 0x80


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
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._all_gone = asyncio.Event()
        self._expulsions = 0

    # Its life.

    async def _broadcast_loop(self) -> None:
        """Do nothing: messages are delivered as they come, without a queue and its tasks."""

    async def _session_monitor(self) -> None:
        """End whom keep-alive, the time for a CONNECT or an expiry ends (D3, D11; 3.1.2.10).

        amqtt notices that a client has been silent for its keep-alive, and does nothing: one that
        froze or was unplugged would be online for ever, its will unpublished.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP)
            now = loop.time()
            for connection in tuple(self._connections):
                client, silent = connection.client, now - connection.heard
                if connection.is_closing:
                    if silent > _FAREWELL:
                        connection.abort()  # it does not take its farewell
                elif client.session is None:
                    if now - connection.made > self.limits.connect_timeout:
                        client.refuse(Refused.SILENT)
                elif client.session.keep_alive * _PATIENCE < silent and client.session.keep_alive:
                    client.cut(Cut.KEEP_ALIVE)
            self._sessions.forget_old()

    async def shutdown(self) -> None:
        """Stop. No will is published, and no wait is without an end."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().shutdown()
        self._all_gone.clear()
        for connection in self._connections:
            connection.close()
        try:
            async with asyncio.timeout(_FAREWELL):
                if self._connections:
                    await self._all_gone.wait()
        except TimeoutError:
            for connection in tuple(self._connections):
                connection.abort()
            await self._all_gone.wait()  # the loop's next turn

    async def _cleanup_session(self, client_id: str) -> None:
        """Forget a session, and close its client's connection; no will is published."""
        session, client = self._sessions[client_id]
        await client.stop()
        self._sessions.forget(session)

    def start_task(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run what waits for plugins; it ends with the engine at the latest."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def welcome(self, connection: Connection) -> None:
        """Take a new connection, unless there are too many."""
        self.counters.connections += 1
        self._connections.add(connection)
        if len(self._connections) > self.limits.connections:
            connection.client.refuse(Refused.FULL)

    def farewell(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._all_gone.set()

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
        if allowed:
            self._sessions.begin(newcomer, client)
        else:
            client.refuse(Refused.CREDENTIALS, code=5)

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
        """Make a session that no client has come for yet, for a plugin that restores them."""
        nowhere = Connection(self, anonymous=False)
        nowhere.is_closing = nowhere.is_lost = True
        session = ClientSession(self.limits)
        session.client_id, session.clean_session = client_id, False
        session.left()
        return nowhere.client, session

    # Subscriptions and messages.

    async def add_subscription(self, subscription: tuple[str, int], session: Session) -> int:
        """Subscribe; return the granted QoS, or 0x80 (D5, D7, D10; 3.8.4).

        A shared subscription is refused, as it is MQTT 5's; amqtt grants it and delivers nothing.
        """
        topic_filter, qos = subscription
        assert isinstance(session, ClientSession)  # noqa: S101 - all sessions are ours
        is_ours = is_filter(topic_filter) and is_bearable(topic_filter)
        if not is_ours or topic_filter.startswith("$share/"):
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
        """Ask the plugins; without one everything is allowed, and nobody need be asked."""
        if not any(hasattr(plugin, "topic_filtering") for plugin in self.plugins_manager.plugins):
            return True
        return await super()._topic_filtering(session, topic, action)

    def tell(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Publish at QoS 0 in the broker's own name."""
        self.delivery.spread(wire.field_of(topic), payload, 0)
        if retain:
            self.delivery.retain(None, topic, payload, 0)

    async def _broadcast_message(
        self,
        session: Session | None,  # noqa: ARG002 - amqtt's signature
        topic: str | None,
        data: bytes | bytearray | None,
        force_qos: int | None = None,
    ) -> None:
        """Tell subscribers something in a plugin's name."""
        if topic is not None:
            self.delivery.spread(wire.field_of(topic), bytes(data or b""), force_qos or 0)

    @property
    def subscriptions(self) -> dict[str, list[tuple[Session, int]]]:
        """All subscriptions by filter, made for the plugin that asks."""
        found: dict[str, list[tuple[Session, int]]] = {}
        for topic_filter, session, qos in self.delivery.routes:
            found.setdefault(topic_filter, []).append((session, qos))
        return found
