"""How much of everything one broker bears. Nothing in it grows without a bound named here."""

from __future__ import annotations

from dataclasses import dataclass

_KIB, _MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a broker; the defaults suit a thousand hubs on a small machine."""

    connect_timeout: float = 10.0
    """Seconds from the connection to an accepted CONNECT."""
    strangers: int = 1_000
    """Connections that are not let in yet; for one more the oldest that said nothing is let go.
    As many TLS handshakes may be open before that."""
    clients: int = 10_000
    clients_of_one: int = 100
    """Clients of one identity, as a viewer's may be; anonymous ones are not counted."""
    client_id: int = 256
    """Bytes of a client id."""
    packet_size: int = 256 * _KIB
    """Bytes of a packet after its header. The contract's payloads are at most 64 KiB."""
    request_size: int = 72 * _KIB
    """Bytes of a CONNECT, which may carry a will; and half of it of a SUBSCRIBE."""
    subscriptions: int = 1_000
    """Filters of one session, and in one packet."""
    receive_maximum: int = 100
    """QoS 2 messages that a client may have begun and not released."""

    inflight: int = 256
    """QoS 1 and 2 messages sent to a client that it has not acknowledged."""
    inflight_bytes: int = 1 * _MIB
    backlog: int = 1 * _MIB
    """Bytes of QoS 0 that wait for a client which does not read; the oldest give way."""
    queued: int = 20_000
    """QoS 1 and 2 messages that wait for a connected client; one more, and it is cut off."""
    queued_bytes: int = 6 * _MIB

    offline_queued: int = 1_000
    """Messages that wait for a persistent session while nobody is there; the oldest give way."""
    offline_bytes: int = 1 * _MIB
    offline_sessions: int = 1_000
    """Persistent sessions without a client; the one that left first is forgotten first."""
    offline_of_one: int = 16
    """The same of one identity, so that nobody's many sessions push out another's one."""
    session_expiry: float = 24 * 3600.0
    """Seconds until a persistent session that nobody came back to is forgotten."""

    retained: int = 100_000
    """Topics with a retained message."""
    retained_bytes: int = 64 * _MIB
    """With what a topic itself weighs."""
