from __future__ import annotations

from amqtt.broker import RetainedApplicationMessage
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from flashyard_broker.filters import is_filter
from flashyard_broker.limits import Limits
from flashyard_broker.mqtt.retained import Retained
from flashyard_broker.mqtt.routes import Routes
from flashyard_broker.mqtt.session import ClientSession
from flashyard_broker.mqtt.wire import field_of
from support.matching import matches

LEVELS = ["a", "b", "", "$SYS"]
topics = st.lists(st.sampled_from(LEVELS), min_size=1, max_size=4).map("/".join).filter(bool)
filters = (
    st.tuples(st.lists(st.sampled_from([*LEVELS, "+"]), max_size=4), st.sampled_from([[], ["#"]]))
    .map(lambda parts: "/".join([*parts[0], *parts[1]]))
    .filter(bool)
)


class AnyOrder(RuleBasedStateMachine):
    """Sessions subscribe and leave in any order; a topic finds exactly who subscribed to it."""

    @initialize()
    def begin(self) -> None:
        self.routes = Routes()
        self.sessions = [ClientSession(Limits()) for _ in range(3)]
        self.truth: dict[tuple[str, int], int] = {}

    @rule(topic_filter=filters, who=st.integers(0, 2), qos=st.integers(0, 2))
    def subscribe(self, topic_filter: str, who: int, qos: int) -> None:
        self.routes.add(topic_filter, self.sessions[who], qos)
        self.truth[topic_filter, who] = qos

    @rule(topic_filter=filters, who=st.integers(0, 2))
    def unsubscribe(self, topic_filter: str, who: int) -> None:
        was = self.truth.pop((topic_filter, who), None)
        assert self.routes.remove(topic_filter, self.sessions[who]) == (was is not None)

    @rule(who=st.integers(0, 2))
    def leave(self, who: int) -> None:
        self.routes.remove_all(self.sessions[who])
        self.truth = {key: qos for key, qos in self.truth.items() if key[1] != who}

    @rule(topic=topics)
    def look(self, topic: str) -> None:
        wanted: dict[ClientSession, int] = {}
        for (topic_filter, who), qos in self.truth.items():
            if matches(topic, topic_filter):
                session = self.sessions[who]
                wanted[session] = max(qos, wanted.get(session, 0))
        assert dict(self.routes.of(field_of(topic))) == wanted

    @invariant()
    def it_counts_what_it_holds(self) -> None:
        held = {(topic_filter, session): qos for topic_filter, session, qos in self.routes}
        assert held == {(f, self.sessions[who]): qos for (f, who), qos in self.truth.items()}
        assert self.routes.count == len(held)
        if not held:
            assert not self.routes._top.below, "what nobody subscribes to is not kept"


TestAnyOrder = AnyOrder.TestCase


@given(kept=st.sets(topics), dropped=st.sets(topics), asked=filters)
def test_a_new_subscriber_finds_exactly_what_is_retained_under_its_filter(
    kept: set[str], dropped: set[str], asked: str
) -> None:
    retained = Retained(Limits())
    for topic in kept | dropped:
        retained[topic] = RetainedApplicationMessage(None, topic, b"it", 1)
    for topic in dropped:
        del retained[topic]
    found = retained.matching(asked)
    assert sorted(found) == sorted(t for t in kept - dropped if matches(t, asked))
    for topic in found:
        del retained[topic]
    for topic in tuple(retained):
        del retained[topic]
    assert retained.bytes == 0, "what is gone weighs nothing"
    assert not retained._top.below


def test_what_is_retained_has_a_bound_and_replacing_it_has_room() -> None:
    retained = Retained(Limits(retained=2, retained_bytes=1_000))
    retained["a"] = RetainedApplicationMessage(None, "a", bytes(200), 1)
    retained["b"] = RetainedApplicationMessage(None, "b", bytes(200), 1)
    assert not retained.has_room("c", b"1"), "two topics are all"
    assert retained.has_room("b", bytes(250))
    assert not retained.has_room("b", bytes(400)), "a topic weighs more than its payload"


@given(st.text(alphabet="a/+#\0", max_size=6))
def test_wildcards_fill_a_level_and_a_hash_is_the_last(text: str) -> None:
    levels = text.split("/")
    well_placed = all(level in {"", "+"} or set(level) == {"a"} for level in levels[:-1]) and (
        levels[-1] in {"", "+", "#"} or set(levels[-1]) == {"a"}
    )
    assert is_filter(text) == (bool(text) and well_placed)
