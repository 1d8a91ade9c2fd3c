"""From a published message to everybody who hears it: routes, retained messages, bounds.

Source: MQTT 3.1.1, 3.3, 3.8.4 and 4.3. Everything in it happens at once: it waits for nobody,
and it knows no permission but the verdict that it is given.
"""

from __future__ import annotations

from collections.abc import Iterator

from amqtt.broker import RetainedApplicationMessage
from amqtt.events import BrokerEvents

from flashyard_broker.counters import Counters, Cut, Dropped, Holdings
from flashyard_broker.limits import Limits
from flashyard_broker.mqtt import wire
from flashyard_broker.mqtt.outgoing import Message
from flashyard_broker.mqtt.retained import Retained
from flashyard_broker.mqtt.routes import Routes
from flashyard_broker.mqtt.session import ClientSession
from flashyard_broker.mqtt.taps import Taps


class Delivery:
    """Messages on their way through the broker.

    amqtt puts each message into a queue, walks through all filters, and makes a task for each
    subscriber, without a bound (D9); it delivers at the subscription's QoS (D6).
    """

    def __init__(self, limits: Limits, counters: Counters, taps: Taps) -> None:
        self.routes = Routes()
        self.retained = Retained(limits)
        self._counters = counters
        self._taps = taps

    def relay(self, field: bytes, frame: bytes) -> None:
        """Pass on a plain QoS 0 PUBLISH: the packet that came in is the one that goes out."""
        self._counters.received[0] += 1
        for session, _ in self.routes.of(field):
            if session.connection is not None:
                session.connection.offer(frame)

    def publish(
        self, source: ClientSession, field: bytes, payload: bytes, qos: int, *, retain: bool
    ) -> None:
        """Deliver what a client published and may publish."""
        self._counters.received[qos] += 1
        if self._taps.messages:
            told = (field[2:].decode(), payload, qos)
            self._taps.message(BrokerEvents.MESSAGE_RECEIVED, source, told)
            self._taps.message(BrokerEvents.MESSAGE_BROADCAST, source, told)
        self.spread(field, payload, qos)
        if retain:
            self.retain(field[2:].decode(), payload, qos)

    def spread(self, field: bytes, payload: bytes, qos: int) -> None:
        """Tell all who subscribed, at the lesser of both QoS (3.8.4, D6), each once."""
        frame = b""
        for session, granted in self.routes.of(field):
            level = min(qos, granted)
            if level:
                self.hand(session, (field, payload, level, False))
            elif session.connection is not None:
                frame = frame or wire.publish(field, payload, 0, 0, retain=False)
                session.connection.offer(frame)

    def retain(self, topic: str, payload: bytes, qos: int) -> None:
        """Keep a topic's last message; an empty one clears it (3.3.1.3)."""
        if not payload:
            if topic in self.retained:
                cleared = self.retained[topic]
                del self.retained[topic]
                cleared.data = b""
                self._tell_taps(cleared)
        elif self.retained.has_room(topic, payload):
            self.retained[topic] = kept = RetainedApplicationMessage(None, topic, payload, qos)
            self._tell_taps(kept)
        else:
            # What was there is no longer true: better nothing than that.
            self._counters.dropped[Dropped.RETAINED_FULL] += 1
            if topic in self.retained:
                del self.retained[topic]

    def tell_retained(self, topic_filter: str, granted: int, session: ClientSession) -> None:
        """Tell a new subscriber what is retained under its filter, and nobody else (D2).

        It never suspends, so that nobody's subscription can get in between (D15).
        """
        retained = self._recalled(topic_filter, granted)
        session.outgoing.recall(topic_filter, retained, session.connection)

    def _recalled(self, topic_filter: str, granted: int) -> Iterator[Message]:
        for topic in self.retained.matching(topic_filter):
            message = self.retained.get(topic)
            if message is not None:
                qos = min(granted, message.qos or 0)
                yield wire.field_of(topic), bytes(message.data), qos, True

    def hand(self, session: ClientSession, message: Message) -> None:
        """Give a session one message at QoS 1 or 2, within what may wait for it."""
        outgoing, connection = session.outgoing, session.connection
        outgoing.push(message, connection)
        if not outgoing.waiting:
            return
        if connection is None:
            self._counters.dropped[Dropped.OFFLINE_FULL] += outgoing.trim()
        elif outgoing.is_over:
            # Nothing at QoS 1 is dropped behind a connected client's back: it is let go instead.
            # Not before the others have it: its will may be one more message to them.
            connection.cut_soon(Cut.STALLED)

    def _tell_taps(self, message: RetainedApplicationMessage) -> None:
        self._taps.fire(BrokerEvents.RETAINED_MESSAGE, client_id=None, retained_message=message)

    def holdings(self, sessions: list[ClientSession]) -> Holdings:
        """Say what is held now, for these sessions."""
        queues = [session.outgoing for session in sessions]
        here = sum(session.connection is not None for session in sessions)
        return Holdings(
            clients=here,
            offline_sessions=len(sessions) - here,
            subscriptions=self.routes.count,
            retained=len(self.retained),
            retained_bytes=self.retained.bytes,
            queued=sum(map(len, queues)),
            queued_bytes=sum(queue.waiting_bytes for queue in queues),
            longest_queue=max(map(len, queues), default=0),
            inflight=sum(len(queue.inflight) for queue in queues),
        )
