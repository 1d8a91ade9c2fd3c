from __future__ import annotations

from collections import deque
from typing import cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flashyard_broker.counters import Counters
from flashyard_broker.limits import Limits
from flashyard_broker.mqtt.connection import Connection
from flashyard_broker.mqtt.outgoing import Outgoing
from flashyard_broker.mqtt.wire import PUBLISH, PUBREL, field_of
from support.raw_mqtt import Packet, Received

WINDOW = 3


class Paper:
    """A connection that writes down what it is given."""

    def __init__(self) -> None:
        self.is_stuck = False
        self.counters = Counters()
        self.sent: deque[Packet] = deque()

    def send(self, frame: bytes) -> None:
        self.sent.append(Packet(frame[0] >> 4, frame[0] & 15, frame[2:]))

    answer = send


class Comings(RuleBasedStateMachine):
    """A client that acknowledges, stalls, vanishes and comes back hears every event, in order."""

    @initialize()
    def begin(self) -> None:
        limits = Limits(inflight=WINDOW, offline_queued=10_000)
        self.outgoing = Outgoing(limits)
        self.paper: Paper | None = Paper()
        self.published = 0
        self.first_heard: list[int] = []
        self.to_acknowledge: dict[int, int] = {}  # packet id -> QoS
        self.to_complete: set[int] = set()

    @property
    def connection(self) -> Connection | None:
        return cast("Connection | None", self.paper)

    @rule(qos=st.sampled_from([1, 2]))
    def publish(self, qos: int) -> None:
        payload = str(self.published).encode()
        self.outgoing.push((field_of("t"), payload, qos, False), self.connection)
        self.published += 1

    @precondition(lambda self: self.paper is not None)
    @rule()
    def hear(self) -> None:
        assert self.paper is not None
        while self.paper.sent:
            packet = self.paper.sent.popleft()
            if packet.kind == PUBLISH:
                got = Received.read(packet)
                number, packet_id = int(got.payload), cast("int", got.packet_id)
                if got.dup:
                    assert number in self.first_heard or self.came_back, "DUP is for repetitions"
                if number not in self.first_heard:
                    self.first_heard.append(number)
                self.to_acknowledge[packet_id] = got.qos
            else:
                assert packet.kind == PUBREL
                self.to_complete.add(int.from_bytes(packet.body))

    @precondition(lambda self: self.paper is not None and self.to_acknowledge)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        assert self.connection is not None
        packet_id = data.draw(st.sampled_from(sorted(self.to_acknowledge)))
        if self.to_acknowledge.pop(packet_id) == 1:
            self.outgoing.acknowledged(packet_id, self.connection)
        else:
            self.outgoing.received(packet_id, self.connection)

    @precondition(lambda self: self.paper is not None and self.to_complete)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        assert self.connection is not None
        packet_id = data.draw(st.sampled_from(sorted(self.to_complete)))
        self.to_complete.discard(packet_id)
        self.outgoing.acknowledged(packet_id, self.connection)

    @precondition(lambda self: self.paper is not None)
    @rule(stuck=st.booleans())
    def stall(self, *, stuck: bool) -> None:
        assert self.paper is not None
        assert self.connection is not None
        self.paper.is_stuck = stuck
        if not stuck:
            self.outgoing.pump(self.connection)

    came_back = False

    @rule()
    def vanish_and_come_back(self) -> None:
        self.paper = Paper()
        assert self.connection is not None
        self.to_acknowledge.clear()
        self.to_complete.clear()
        self.came_back = True
        self.outgoing.resend(self.connection)

    @rule()
    def vanish(self) -> None:
        self.paper = None
        self.to_acknowledge.clear()
        self.to_complete.clear()

    @invariant()
    def the_window_holds(self) -> None:
        assert len(self.outgoing.inflight) <= WINDOW
        assert len(self.outgoing) + len(self.outgoing.inflight) <= self.published

    def teardown(self) -> None:
        if not hasattr(self, "outgoing"):
            return
        self.vanish_and_come_back()
        assert self.connection is not None
        for _ in range(3 * self.published + 3):
            self.hear()
            for packet_id, qos in tuple(self.to_acknowledge.items()):
                del self.to_acknowledge[packet_id]
                answer = self.outgoing.acknowledged if qos == 1 else self.outgoing.received
                answer(packet_id, self.connection)
            self.hear()
            for packet_id in tuple(self.to_complete):
                self.to_complete.discard(packet_id)
                self.outgoing.acknowledged(packet_id, self.connection)
        assert self.first_heard == list(range(self.published)), "each event, in order"
        assert not self.outgoing.inflight
        assert not len(self.outgoing)
        assert self.outgoing.waiting_bytes == 0


TestComings = Comings.TestCase
