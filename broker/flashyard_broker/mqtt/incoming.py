"""What one client publishes: its packets checked, judged and passed on. The hottest path there is.

Source: MQTT 3.1.1, 3.3 and 4.3. It decides nothing: an unknown topic is first asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amqtt.contexts import Action

from flashyard_broker.counters import Cut
from flashyard_broker.mqtt import wire
from flashyard_broker.mqtt.verdicts import Verdict

if TYPE_CHECKING:
    from flashyard_broker.mqtt.client import Client
    from flashyard_broker.mqtt.session import ClientSession

_REMEMBERED = 500  # verdicts on topics that one client publishes on
_PLAIN = wire.PUBLISH << 4  # QoS 0, neither retained nor repeated


class Incoming:
    """A client's PUBLISH packets.

    amqtt makes a task, four objects and a walk through queues of each; a plain one is here a look
    at its topic, and the very packet goes out again.
    """

    __slots__ = ("_client", "_engine", "_verdicts")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._engine = client.engine
        self._verdicts: dict[bytes, Verdict] = {}

    def forget_verdicts(self) -> None:
        """Ask anew what the client may do."""
        self._verdicts.clear()

    def publish(self, session: ClientSession, frame: bytes, body: int) -> None:
        """Take a PUBLISH; its variable header begins at index ``body``.

        Raises:
            MalformedPacketError: it is none.
        """
        if len(frame) < body + 2:
            raise wire.MalformedPacketError("a PUBLISH without a topic (3.3.2)")
        after = body + 2 + (frame[body] << 8 | frame[body + 1])
        field = frame[body:after]
        verdict = self._verdicts.get(field)
        if verdict is None:
            if len(frame) < after:
                raise wire.MalformedPacketError("a topic longer than its packet (1.5.3)")
            self._client.aside(self._judge, session, field, again=frame)
        elif frame[0] == _PLAIN and verdict is Verdict.ALLOWED and not self._engine.taps.messages:
            self._engine.delivery.relay(field, frame)
        else:
            self._take(session, verdict, field, frame, after)

    def release(self, session: ClientSession, packet_id: int) -> None:
        """Take a PUBREL: from here on the packet id means a new message (4.3.3)."""
        session.unreleased.discard(packet_id)
        self._client.connection.answer(wire.acknowledgement(wire.PUBCOMP, packet_id))

    async def _judge(self, session: ClientSession, field: bytes) -> None:
        verdict = await self._engine.verdicts.on_publishing(session, wire.topic_of(field))
        if len(self._verdicts) >= _REMEMBERED:
            self._verdicts.clear()
        self._verdicts[field] = verdict

    def _take(
        self, session: ClientSession, verdict: Verdict, field: bytes, frame: bytes, at: int
    ) -> None:
        first, packet_id = frame[0], 0
        qos, retain = first >> 1 & 3, bool(first & 1)
        if qos and len(frame) >= at + 2:
            packet_id = int.from_bytes(frame[at : at + 2])
            at += 2
        if qos == 3 or (packet_id == 0) != (qos == 0) or (first & 8 and not qos):
            raise wire.MalformedPacketError("flags or packet id no PUBLISH can have (3.3.1)")
        if qos == 2 and not self._begin(session, packet_id):
            return
        payload = frame[at:]
        if verdict is Verdict.ALLOWED or (
            verdict is Verdict.CLEARS_ONLY and retain and not payload
        ):
            self._engine.delivery.publish(session, field, payload, qos, retain=retain)
        else:
            # MQTT 3.1.1 cannot refuse a PUBLISH (3.3.5): it is acknowledged, and goes nowhere.
            self._engine.denials.note(session, field[2:].decode(), Action.PUBLISH)
        if qos:
            kind = wire.PUBACK if qos == 1 else wire.PUBREC
            self._client.connection.answer(wire.acknowledgement(kind, packet_id))

    def _begin(self, session: ClientSession, packet_id: int) -> bool:
        """Note a QoS 2 message; False where it is a repetition, or one too many (4.3.3)."""
        if packet_id in session.unreleased:
            self._client.connection.answer(wire.acknowledgement(wire.PUBREC, packet_id))
            return False
        if len(session.unreleased) >= self._engine.limits.receive_maximum:
            self._client.cut(Cut.RECEIVE_MAXIMUM)
            return False
        session.unreleased.add(packet_id)
        return True
