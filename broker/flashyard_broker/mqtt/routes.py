"""Who hears what is published on a topic: a tree of filters, and a memory of its answers.

Source: MQTT 3.1.1, 4.7. It knows neither permissions nor connections.
"""

from __future__ import annotations

from collections.abc import Iterator

from flashyard_broker.mqtt.session import ClientSession

_REMEMBERED = 20_000  # topics
_READERS = 300_000  # of them, all together

Route = tuple[tuple[ClientSession, int], ...]
"""The sessions that hear a topic, each once, with the best QoS it was granted (3.3.5)."""


class _Level:
    """One level of the filters that begin alike."""

    __slots__ = ("below", "subscribers")

    def __init__(self) -> None:
        self.below: dict[str, _Level] = {}
        self.subscribers: dict[ClientSession, int] = {}


class Routes:
    """The subscriptions of all sessions.

    amqtt walks through all filters for each message; here a message of a known topic costs one
    look into a dict, and a new one a walk down the tree.
    """

    def __init__(self) -> None:
        self._top = _Level()
        self._known: dict[bytes, Route] = {}
        self._readers = 0
        self.count = 0

    def __iter__(self) -> Iterator[tuple[str, ClientSession, int]]:
        """Yield filter, session and granted QoS of each subscription."""
        return _walk(self._top, [])

    def add(self, topic_filter: str, session: ClientSession, qos: int) -> None:
        """Subscribe, or change the QoS of what was subscribed (3.8.4, D7 of amqtt)."""
        level = self._top
        for name in topic_filter.split("/"):
            level = level.below.setdefault(name, _Level())
        self.count += session not in level.subscribers
        level.subscribers[session] = session.filters[topic_filter] = qos
        self._forget_known()

    def remove(self, topic_filter: str, session: ClientSession) -> bool:
        """Unsubscribe; False where there was no such subscription."""
        if session.filters.pop(topic_filter, None) is None:
            return False
        path = [self._top]
        names = topic_filter.split("/")
        for name in names:
            path.append(path[-1].below[name])
        del path[-1].subscribers[session]
        self.count -= 1
        for parent, name in zip(reversed(path[:-1]), reversed(names), strict=True):
            level = parent.below[name]
            if level.subscribers or level.below:
                break
            del parent.below[name]
        self._forget_known()
        return True

    def remove_all(self, session: ClientSession) -> None:
        """Forget a session."""
        for topic_filter in tuple(session.filters):
            self.remove(topic_filter, session)

    def of(self, field: bytes) -> Route:
        """Return who hears a topic, given as it stands in a packet, length first."""
        route = self._known.get(field)
        if route is None:
            route = self._find(field[2:].decode())
            self._readers += len(route)
            if len(self._known) >= _REMEMBERED or self._readers > _READERS:
                self._forget_known()
            self._known[field] = route
        return route

    def _forget_known(self) -> None:
        self._known.clear()
        self._readers = 0

    def _find(self, topic: str) -> Route:
        found: dict[ClientSession, int] = {}
        names = topic.split("/")
        # A wildcard at the top does not match `$SYS` and its like (4.7.2).
        levels, wild = [self._top], not topic.startswith("$")
        for name in names:
            following: list[_Level] = []
            for level in levels:
                if wild:
                    _take(found, level.below.get("#"))
                    if (plus := level.below.get("+")) is not None:
                        following.append(plus)
                if (same := level.below.get(name)) is not None:
                    following.append(same)
            levels, wild = following, True
        for level in levels:
            _take(found, level)
            _take(found, level.below.get("#"))  # `a/#` matches `a` as well (4.7.1.2)
        return tuple(found.items())


def _take(found: dict[ClientSession, int], level: _Level | None) -> None:
    if level is not None:
        for session, qos in level.subscribers.items():
            found[session] = max(qos, found.get(session, 0))


def _walk(level: _Level, path: list[str]) -> Iterator[tuple[str, ClientSession, int]]:
    for session, qos in level.subscribers.items():
        yield "/".join(path), session, qos
    for name, below in level.below.items():
        yield from _walk(below, [*path, name])
