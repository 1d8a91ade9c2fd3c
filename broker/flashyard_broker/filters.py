"""Topic names and filters: what is one, and which filter reaches no further than another.

Source: MQTT 3.1.1, 1.5.3 and 4.7. It knows no permission and no subscriber.
"""

from __future__ import annotations

_LEVELS = 200  # of a topic or filter, at most; Mosquitto's limit
_LONGEST = 1024  # bytes of a topic or filter; the contract's have less than 300
_WILDCARDS = {"+", "#"}


def is_text(string: str) -> bool:
    """Can it be a topic or a filter at all (1.5.3, 4.7.3)?"""
    return bool(string) and "\0" not in string


def is_bearable(string: str) -> bool:
    """Is a topic or filter no deeper and no longer than we keep any?

    The specification allows 32,768 levels and 64 KiB (4.7.3). A level weighs much more than its
    bytes, trees of them are walked by recursion, and topics are remembered by the thousand.
    """
    return string.count("/") < _LEVELS and len(string.encode()) <= _LONGEST


def is_name(topic: str) -> bool:
    """Is it a topic name (4.7.1), which has no wildcard?"""
    return is_text(topic) and not _WILDCARDS & set(topic)


def is_filter(text: str) -> bool:
    """Is it a topic filter (4.7.1)? Wildcards fill a level; `#` is the last."""
    levels = text.split("/")
    return (
        is_text(text)
        and all(level in _WILDCARDS or not _WILDCARDS & set(level) for level in levels)
        and "#" not in levels[:-1]
    )


def is_within(asked: str, granted: str) -> bool:
    """Does every topic that ``asked`` matches match ``granted``, too? Both must be filters.

    A leading wildcard matches no topic that begins with ``$`` (4.7.2).
    """
    if asked.startswith("$") and granted.startswith(("+", "#")):
        return False
    levels, wider = asked.split("/"), granted.split("/")
    for index, level in enumerate(wider):
        if level == "#":
            return True  # matches its parent, too (4.7.1.2)
        if index == len(levels) or levels[index] == "#":
            return False
        if level not in ("+", levels[index]):
            return False
    return len(levels) == len(wider)
