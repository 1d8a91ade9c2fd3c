"""The topic grammar: how a fact's address is built, parsed and subscribed, and its MQTT manners.

Segments of hub and device are percent-encoded outside ``[A-Za-z0-9_-]``: NATS before 2.10 and
RabbitMQ trip over a dot, MQTT itself over ``+``, ``#`` and ``/``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

ROOT = "flashyard/v1"
ANNOUNCE = f"{ROOT}/_all/order"
MAX_PAYLOAD = 64 * 1024  # bytes, of every payload but an empty clear

_HUB = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_DEVICE = re.compile(r"[A-Za-z0-9._:@-]{1,64}")


class Kind(StrEnum):
    """What a topic carries; the value is its last segment, except for `device`."""

    PRESENCE = "presence"
    DEVICE = "device"
    EVENT = "event"
    PROGRESS = "progress"
    LOG = "log"
    ORDER = "order"
    RECEIPT = "receipt"
    RECORD = "record"
    RECORDED = "recorded"


class Manners(NamedTuple):
    """How a kind is published. ``per_device``: the topic names a device."""

    source: str
    audience: str
    qos: int
    about: str
    retain: bool = False
    per_device: bool = False


MANNERS: Mapping[Kind, Manners] = {
    Kind.PRESENCE: Manners("hub", "all", 1, "is the hub there; also its last will", retain=True),
    Kind.DEVICE: Manners(
        "hub", "all", 1, "the device's record with its jobs", retain=True, per_device=True
    ),
    Kind.EVENT: Manners("hub", "all", 1, "every flash_* message but mere samples", per_device=True),
    Kind.PROGRESS: Manners("hub", "all", 0, "flash_progress samples", per_device=True),
    Kind.LOG: Manners("hub", "all", 0, "log lines of the running job", per_device=True),
    Kind.ORDER: Manners("bridge", "hub", 1, "what a hub is asked to do"),
    Kind.RECEIPT: Manners("hub", "bridge", 1, "the hub's yes or no to an order"),
    Kind.RECORD: Manners("hub", "bridge", 1, "a finished job's full record"),
    Kind.RECORDED: Manners("bridge", "hub", 1, "records that reached the history"),
}


class Topic(NamedTuple):
    """A parsed topic. ``device`` is None for the kinds that name none."""

    kind: Kind
    hub: str
    device: str | None = None

    def __str__(self) -> str:
        return build(self.kind, self.hub, self.device)


def encode(segment: str) -> str:
    """Percent-encode one segment outside ``[A-Za-z0-9_-]``."""
    return quote(segment, safe="").replace(".", "%2E").replace("~", "%7E")


def build(kind: Kind, hub: str, device: str | None = None) -> str:
    """Build a topic's text.

    Raises:
        ValueError: the kind names a device and none was given, or the other way round.
    """
    if MANNERS[kind].per_device != (device is not None):
        raise ValueError(f"{kind} topics {'need' if device is None else 'name no'} device")
    base = f"{ROOT}/{encode(hub)}"
    if device is None:
        return f"{base}/{kind}"
    record = f"{base}/device/{encode(device)}"
    return record if kind is Kind.DEVICE else f"{record}/{kind}"


@lru_cache(maxsize=16_384)  # the same few topics come for ever
def parse(topic: str) -> Topic:
    """Parse a topic's text; the inverse of :func:`build`, strict about encoding and ids.

    Raises:
        ValueError: the text is not one of ours.
    """
    parts = topic.split("/")
    if parts[:2] != ["flashyard", "v1"] or len(parts) not in {4, 5, 6}:
        raise ValueError(f"not a flashyard topic: {topic!r}")
    hub = unquote(parts[2])
    device: str | None = None
    if len(parts) == 4:
        name = parts[3]
    else:
        if parts[3] != "device":
            raise ValueError(f"not a flashyard topic: {topic!r}")
        device = unquote(parts[4])
        name = parts[5] if len(parts) == 6 else "device"
    kinds = {kind.value: kind for kind, rule in MANNERS.items() if rule.per_device == bool(device)}
    kind = kinds.get(name)
    if kind is None or (kind is Kind.DEVICE and len(parts) == 6):
        raise ValueError(f"not a flashyard topic: {topic!r}")
    if not _HUB.fullmatch(hub) or (device is not None and not _DEVICE.fullmatch(device)):
        raise ValueError(f"not an id of ours in {topic!r}")
    if build(kind, hub, device) != topic:
        raise ValueError(f"not encoded as we encode: {topic!r}")
    return Topic(kind, hub, device)


def _filter(kind: Kind, hub: str) -> str:
    if not MANNERS[kind].per_device:
        return f"{ROOT}/{hub}/{kind}"
    base = f"{ROOT}/{hub}/device/+"
    return base if kind is Kind.DEVICE else f"{base}/{kind}"


_REPORTS = (
    Kind.PRESENCE,
    Kind.DEVICE,
    Kind.EVENT,
    Kind.PROGRESS,
    Kind.LOG,
    Kind.RECEIPT,
    Kind.RECORD,
)


def bridge_filters() -> list[tuple[str, int]]:
    """The disjoint (filter, QoS) pairs a bridge subscribes to: all reports of all hubs."""
    return [(_filter(kind, "+"), MANNERS[kind].qos) for kind in _REPORTS]


def viewer_filters() -> list[tuple[str, int]]:
    """The disjoint (filter, QoS) pairs of one who only watches."""
    return [(f, q) for f, q in bridge_filters() if not f.endswith(("receipt", "record"))]


def hub_filters(hub: str) -> list[tuple[str, int]]:
    """The (filter, QoS) pairs of a hub: its orders, and its own retained facts to adopt."""
    own = encode(hub)
    kinds = (Kind.ORDER, Kind.RECORDED, Kind.PRESENCE, Kind.DEVICE)
    return [(_filter(kind, own), 1) for kind in kinds] + [(ANNOUNCE, 1)]
