"""What a broker counts: plain numbers that only grow, and a look at what it holds now.

The hot path adds to them without a call. It knows no topic and no exposition format.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Refused(StrEnum):
    """Why a connection was refused before it was accepted."""

    TLS = "tls"  # its handshake failed or took too long; without a certificate that is wanted, too
    MALFORMED = "malformed"  # the first packet is no CONNECT of MQTT 3.1.1
    SILENT = "silent"  # no CONNECT in time
    UNDECIDED = "undecided"  # plugins did not say in time whether it may come in
    VERSION = "version"
    CREDENTIALS = "credentials"
    CLIENT_ID = "client_id"  # it belongs to another identity, or is empty where it may not be
    FULL = "full"  # as many clients as there may be


class Cut(StrEnum):
    """Why the broker ended a connection it had accepted."""

    KEEP_ALIVE = "keep_alive"
    PROTOCOL = "protocol"  # a packet against the specification, or too large
    TAKEN_OVER = "taken_over"
    STALLED = "stalled"  # more QoS 1 waits for it than there may
    REVOKED = "revoked"  # its credential is gone
    RECEIVE_MAXIMUM = "receive_maximum"  # more QoS 2 messages begun and not released than may be


class Dropped(StrEnum):
    """Why a message reached fewer than were subscribed, or none."""

    NOT_ALLOWED = "not_allowed"  # its sender may not publish there
    STALLED = "stalled"  # QoS 0 to a client that does not read
    OFFLINE_FULL = "offline_full"  # a persistent session's queue was full
    RETAINED_FULL = "retained_full"  # told, but not retained
    SESSION_ENDED = "session_ended"  # waited for a session that is over


@dataclass(slots=True)
class Counters:
    """Since the start. Messages are indexed by their QoS."""

    connections: int = 0
    received: list[int] = field(default_factory=lambda: [0, 0, 0])
    sent: list[int] = field(default_factory=lambda: [0, 0, 0])
    refused: Counter[Refused] = field(default_factory=Counter)
    cut: Counter[Cut] = field(default_factory=Counter)
    dropped: Counter[Dropped] = field(default_factory=Counter)
    denied_publishes: int = 0
    denied_subscriptions: int = 0


@dataclass(frozen=True, slots=True)
class Holdings:
    """At one moment. ``queued`` and ``inflight``: QoS 1 and 2 messages, over all sessions."""

    clients: int
    offline_sessions: int
    subscriptions: int
    retained: int
    retained_bytes: int
    queued: int
    queued_bytes: int
    longest_queue: int
    inflight: int
