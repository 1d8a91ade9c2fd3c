"""Who may say and hear what: one table, from which every form of it is made.

The plugin, Mosquitto's files and the page of documentation all read :data:`TABLE`. It knows no
secrets, no sessions and no payloads.
Source: MQTT 3.1.1, 4.7 (topic names and filters).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from flashyard.contract.topics import ANNOUNCE, MANNERS, ROOT, Kind, encode, viewer_filters

HUB = "{hub}"  # stands for the identity's own segment, encoded as in topics


class Role(StrEnum):
    """What an identity is to the broker."""

    HUB = "hub"
    BRIDGE = "bridge"
    VIEWER = "viewer"


class Rights(NamedTuple):
    """Filters; whatever none of them covers is refused.

    ``reads``: what may be subscribed to. ``writes``: what may be published to. ``clears``: where
    nothing but an empty retained message may be published, which removes what was retained.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()


def _topics_of(source: str, hub: str) -> tuple[str, ...]:
    """List the filters of what one side of the contract publishes."""
    said = (
        f"{ROOT}/{hub}/device/+" + ("" if kind is Kind.DEVICE else f"/{kind}")
        if manners.per_device
        else f"{ROOT}/{hub}/{kind}"
        for kind, manners in MANNERS.items()
        if manners.source == source
    )
    return tuple(said)


TABLE: Mapping[Role, Rights] = {
    Role.HUB: Rights(
        reads=(f"{ROOT}/{HUB}/#", ANNOUNCE),
        writes=_topics_of("hub", HUB),
    ),
    Role.BRIDGE: Rights(
        reads=(f"{ROOT}/#", "$SYS/broker/#"),
        writes=(*_topics_of("bridge", "+"), ANNOUNCE),
        clears=(f"{ROOT}/+/{Kind.PRESENCE}", f"{ROOT}/+/device/+"),
    ),
    Role.VIEWER: Rights(reads=tuple(name for name, _ in viewer_filters())),
}


def rights_of(role: Role, identity: str) -> Rights:
    """Return an identity's rights, its own name filled in."""
    own = encode(identity)
    return Rights(*(tuple(name.replace(HUB, own) for name in names) for names in TABLE[role]))


def may_publish(role: Role, identity: str, topic: str) -> bool:
    """May it publish on this topic: anything, or an empty retained message at least?"""
    rights = rights_of(role, identity)
    return _is_name(topic) and _covered(topic, (*rights.writes, *rights.clears))


def clears_only(role: Role, identity: str, topic: str) -> bool:
    """Is an empty retained message all that it may publish on this topic?"""
    rights = rights_of(role, identity)
    return _is_name(topic) and _covered(topic, rights.clears) and not _covered(topic, rights.writes)


def may_subscribe(role: Role, identity: str, asked: str) -> bool:
    """May it subscribe to this filter?

    Only where one of its own covers it whole: a wildcard that reaches further is refused, not
    narrowed. A topic name, being a filter that matches itself, may be asked about as well.
    """
    return _is_filter(asked) and _covered(asked, rights_of(role, identity).reads)


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


def _covered(asked: str, granted: Iterable[str]) -> bool:
    return any(is_within(asked, each) for each in granted)


def _is_name(topic: str) -> bool:
    return bool(topic) and not set(topic) & set("+#\0")


def _is_filter(asked: str) -> bool:
    """Is this a topic filter as 4.7.1 has it: wildcards alone in their level, `#` the last?"""
    *before, last = asked.split("/")
    return (
        bool(asked)
        and "\0" not in asked
        and all("#" not in level and (level == "+" or "+" not in level) for level in before)
        and (last in ("+", "#") or _is_name(last) or not last)
    )
