"""The last retained message of each topic, found by filter without a walk over all of them.

Source: MQTT 3.1.1, 3.3.1.3. It is the dict that amqtt's plugins see, bounded; it sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from amqtt.broker import RetainedApplicationMessage

from flashyard_broker.limits import Limits

_OVERHEAD = 256  # bytes of memory that a retained message takes beside payload and topic
_LEVEL = 128  # and each level of its topic


def _weight(topic: str, payload: bytes | bytearray) -> int:
    return len(payload) + 2 * len(topic) + _LEVEL * topic.count("/") + _OVERHEAD


class _Level:
    """One level of the topics that begin alike."""

    __slots__ = ("below", "here")

    def __init__(self) -> None:
        self.below: dict[str, _Level] = {}
        self.here: str | None = None  # the topic that ends here, where it has a message


class Retained(dict[str, RetainedApplicationMessage]):
    """Retained messages by topic."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits
        self._top = _Level()
        self.bytes = 0

    def has_room(self, topic: str, payload: bytes) -> bool:
        """May one more be kept? One that replaces an older may, if it is not much larger."""
        known = self.get(topic)
        more = _weight(topic, payload) - (_weight(topic, known.data) if known else 0)
        return (known is not None or len(self) < self._limits.retained) and (
            more <= 0 or self.bytes + more <= self._limits.retained_bytes
        )

    def __setitem__(self, topic: str, message: RetainedApplicationMessage) -> None:
        if topic in self:
            del self[topic]
        level = self._top
        for name in topic.split("/"):
            level = level.below.setdefault(name, _Level())
        level.here = topic
        self.bytes += _weight(topic, message.data)
        super().__setitem__(topic, message)

    def __delitem__(self, topic: str) -> None:
        self.bytes -= _weight(topic, self[topic].data)
        super().__delitem__(topic)
        path, names = [self._top], topic.split("/")
        for name in names:
            path.append(path[-1].below[name])
        path[-1].here = None
        for parent, name in zip(reversed(path[:-1]), reversed(names), strict=True):
            level = parent.below[name]
            if level.here is not None or level.below:
                break
            del parent.below[name]

    def clear(self) -> None:
        """Forget all of them."""
        super().clear()
        self._top = _Level()
        self.bytes = 0

    def matching(self, topic_filter: str) -> list[str]:
        """Return the topics with a message that match a filter (4.7)."""
        return list(_find(self._top, topic_filter.split("/"), 0))


def _find(level: _Level, names: list[str], depth: int) -> Iterator[str]:
    if depth == len(names):
        if level.here is not None:
            yield level.here
        return
    name = names[depth]
    if name == "#":
        yield from _all(level, depth)
    elif name == "+":
        for label, below in level.below.items():
            if depth or not label.startswith("$"):
                yield from _find(below, names, depth + 1)
    elif (below_it := level.below.get(name)) is not None:
        yield from _find(below_it, names, depth + 1)


def _all(level: _Level, depth: int) -> Iterator[str]:
    if level.here is not None:
        yield level.here
    for label, below in level.below.items():
        if depth or not label.startswith("$"):
            yield from _all(below, depth + 1)
