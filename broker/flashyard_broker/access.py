"""Who may say and hear what: one table, from which every form of it is made.

The plugin, Mosquitto's files and the page of documentation all read :data:`TABLE`. It knows no
secrets, no sessions and no payloads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from flashyard.contract.topics import ANNOUNCE, MANNERS, ROOT, Kind, encode, viewer_filters
from flashyard_broker.filters import is_filter, is_name, is_within

HUB = "{hub}"  # stands for the identity's own segment, encoded as in topics
# Attributes of a session, between those who decide on it and those who count.
ANONYMOUS = "flashyard.anonymous"  # may its client give no name?
REASON = "flashyard.reason"  # why it is not let in


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
    return is_name(topic) and _covered(topic, (*rights.writes, *rights.clears))


def clears_only(role: Role, identity: str, topic: str) -> bool:
    """Is an empty retained message all that it may publish on this topic?"""
    rights = rights_of(role, identity)
    return is_name(topic) and _covered(topic, rights.clears) and not _covered(topic, rights.writes)


def may_subscribe(role: Role, identity: str, asked: str) -> bool:
    """May it subscribe to this filter?

    Only where one of its own covers it whole: a wildcard that reaches further is refused, not
    narrowed. A topic name, being a filter that matches itself, may be asked about as well.
    """
    return is_filter(asked) and _covered(asked, rights_of(role, identity).reads)


def _covered(asked: str, granted: Iterable[str]) -> bool:
    return any(is_within(asked, each) for each in granted)
