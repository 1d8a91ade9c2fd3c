"""Which topics a filter matches, as slowly and plainly as MQTT 3.1.1, 4.7, has it."""

from __future__ import annotations


def matches(topic: str, topic_filter: str) -> bool:
    """Does the filter match the topic? Both must be what they are called."""
    if topic.startswith("$") and topic_filter[0] in "+#":
        return False
    have, want = topic.split("/"), topic_filter.split("/")
    if want[-1] == "#":
        have, want = have[: len(want) - 1], want[:-1]
    return len(have) == len(want) and all(w in {"+", h} for h, w in zip(have, want, strict=True))
