"""What a CONNECT says, made into a session that nobody has let in yet.

Source: MQTT 3.1.1, 3.1. It asks nobody and remembers nothing.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flashyard_broker.access import ANONYMOUS
from flashyard_broker.mqtt import wire
from flashyard_broker.mqtt.session import ClientSession

if TYPE_CHECKING:
    from flashyard_broker.mqtt.connection import Connection


def read_connect(frame: bytes, connection: Connection) -> ClientSession | None:
    """Read a CONNECT of MQTT 3.1.1.

    Returns:
        The session it asks for, under a client id of ours where it has none; None where it
        may not go without one, or has one longer than we remember (3.1.3.1).

    Raises:
        MalformedPacketError: it is against the specification.
    """
    packet = wire.decode(frame)
    said = packet.variable_header
    names = (packet.client_id, packet.will_topic, packet.username)
    if (
        said.reserved_flag
        or said.will_qos > 2
        or (not said.will_flag and (said.will_qos or said.will_retain_flag))
        or (said.password_flag and not said.username_flag)
        or (said.username_flag and packet.username is None)
        or (said.password_flag and packet.password is None)
        or (said.will_flag and packet.will_message is None)
        or any("\0" in name for name in names if name)
    ):
        raise wire.MalformedPacketError("flags or strings that a CONNECT cannot have (3.1.2)")
    if said.will_flag:
        wire.topic_of(wire.field_of(packet.will_topic))
    if not packet.client_id and not said.clean_session_flag:
        return None
    if len(packet.client_id.encode()) > connection.engine.limits.client_id:
        return None
    session = ClientSession(connection.engine.limits)
    session.client_id = packet.client_id or f"anonymous-{secrets.token_hex(8)}"
    session.clean_session = said.clean_session_flag
    session.will_flag, session.will_topic = said.will_flag, packet.will_topic
    session.will_message, session.will_qos = packet.will_message, said.will_qos
    session.will_retain = said.will_retain_flag
    session.username, session.password = packet.username, packet.password
    session.keep_alive = said.keep_alive
    session.remote_address, session.remote_port = connection.peer
    session.ssl_object = connection.tls
    session.attributes[ANONYMOUS] = connection.anonymous
    return session
