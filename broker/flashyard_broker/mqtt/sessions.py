"""Who is here, who was and may come back, and who takes over from whom.

Source: MQTT 3.1.1, 3.1.2.4, 3.1.2.5 and 3.1.4. It asks no plugin: a newcomer has been let in.
"""

from __future__ import annotations

import logging
import time
from collections import Counter

from amqtt.events import BrokerEvents

from flashyard_broker.counters import Counters, Cut, Dropped, Refused
from flashyard_broker.limits import Limits
from flashyard_broker.mqtt import wire
from flashyard_broker.mqtt.client import Client
from flashyard_broker.mqtt.delivery import Delivery
from flashyard_broker.mqtt.outgoing import Outgoing
from flashyard_broker.mqtt.session import ClientSession
from flashyard_broker.mqtt.taps import Taps
from flashyard_broker.told import Told

_log = logging.getLogger(__name__)


class Sessions(dict[str, tuple[ClientSession, Client]]):
    """Client id -> its session, and the client that had it last: the dict that amqtt has, too."""

    def __init__(self, limits: Limits, counters: Counters, delivery: Delivery, taps: Taps) -> None:
        super().__init__()
        self._limits = limits
        self._counters = counters
        self._delivery = delivery
        self._taps = taps
        self._told = Told()

    def begin(self, newcomer: ClientSession, client: Client) -> None:
        """Seat a client that was let in: in a session of its own, or the one it left (3.1.2.4).

        amqtt ends the session of a client id before it knows who asks for it (D1). Here a session
        is its identity's (3.1.4): nobody else takes it over, whatever credential they have. Only
        anonymous clients give way to who has one.
        """
        client_id = str(newcomer.client_id)
        kept, old = self.get(client_id, (None, None))
        session = newcomer
        if kept is None and self._is_full_for(newcomer.identity):
            client.refuse(Refused.FULL, code=3)
            return
        if kept is not None and old is not None:
            # One that a plugin restored is whoever's comes for it first.
            is_same = kept.identity == newcomer.identity or kept.last_connect_time is None
            if not is_same and kept.identity is not None:
                if self._told.is_news((newcomer.identity, kept.identity)):
                    _log.warning("%r asked for %r's session", newcomer.identity, kept.identity)
                client.refuse(Refused.CLIENT_ID, code=2)
                return
            old.cut(Cut.TAKEN_OVER)  # D17: amqtt leaves the old connection open
            if is_same and not (newcomer.clean_session or kept.clean_session):
                kept.adopt(newcomer)
                session = kept
            else:
                self.forget(kept)
        self[client_id] = (session, client)
        client.seat(session)
        self._taps.fire(BrokerEvents.CLIENT_CONNECTED, client_id=client_id, client_session=session)

    def leave(self, session: ClientSession, *, will: bool) -> None:
        """Let a client go; its will goes out if it did not say goodbye (3.1.2.5)."""
        if session.clean_session:
            self.forget(session)
        if will and session.will_flag:
            topic, qos = str(session.will_topic), session.will_qos or 0
            payload = bytes(session.will_message or b"")
            self._delivery.spread(wire.field_of(topic), payload, qos)
            if session.will_retain:
                self._delivery.retain(topic, payload, qos)
        session.will_flag = False
        self._taps.fire(
            BrokerEvents.CLIENT_DISCONNECTED, client_id=session.client_id, client_session=session
        )

    def forget(self, session: ClientSession) -> None:
        """End a session: its subscriptions, and what waits for it. Once is enough."""
        client_id = str(session.client_id)
        if client_id in self and self[client_id][0] is session:
            del self[client_id]
            self._delivery.routes.remove_all(session)
            self._counters.dropped[Dropped.SESSION_ENDED] += len(session.outgoing)
            session.outgoing = Outgoing(self._limits)

    def expel(self, identities: frozenset[str]) -> None:
        """End the sessions of identities that are no more, and ask anew what all others may."""
        for session, client in tuple(self.values()):
            client.incoming.forget_verdicts()
            if session.identity in identities:
                client.cut(Cut.REVOKED)
                self.forget(session)

    def forget_old(self) -> None:
        """Keep number, age and queues of the sessions that nobody is there for bounded (D12)."""
        offline = [session for session, _ in self.values() if session.connection is None]
        offline.sort(key=lambda session: session.left_at, reverse=True)
        earliest = time.monotonic() - self._limits.session_expiry
        of: Counter[str | None] = Counter()
        kept = 0
        for session in offline:
            of[session.identity] += 1
            most = self._limits.offline_of_one
            if session.identity is None:
                most = self._limits.offline_sessions // 2
            if (
                kept >= self._limits.offline_sessions
                or session.left_at < earliest
                or of[session.identity] > most
            ):
                self.forget(session)
            else:
                kept += 1
                self._counters.dropped[Dropped.OFFLINE_FULL] += session.outgoing.trim()

    def _is_full_for(self, identity: str | None) -> bool:
        if len(self) >= self._limits.clients + self._limits.offline_sessions:
            return True
        if identity is None:
            return False
        here = (session for session, _ in self.values() if session.connection is not None)
        return sum(session.identity == identity for session in here) >= self._limits.clients_of_one
