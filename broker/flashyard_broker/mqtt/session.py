"""What the broker remembers of one client id: amqtt's session without its weight.

It knows no bytes. amqtt's plugins read the same attributes as ever.
"""

from __future__ import annotations

import ssl
import time
from asyncio import Queue
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from amqtt.session import ApplicationMessage, Session

from flashyard_broker.mqtt.outgoing import Outgoing

if TYPE_CHECKING:
    from flashyard_broker.limits import Limits
    from flashyard_broker.mqtt.connection import Connection


class Transitions:
    """Is the client here? Stands in for a `transitions.Machine`, which takes 20 KB a session."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state = "new"

    def connect(self) -> None:
        """Note that it came."""
        self.state = "connected"

    def disconnect(self) -> None:
        """Note that it went."""
        self.state = "disconnected"

    def is_connected(self) -> bool:
        """Is it here?"""
        return self.state == "connected"


class ClientSession(Session):
    """A session: who, with what will, subscribed to what, and what waits for it.

    amqtt's constructor makes a state machine and four queues, 33 KB in all; so it is not called,
    and the queues, which only foreign plugins ever look at, are made when somebody does.
    """

    # Two sessions are the same where they are one object, so that they can be keys.
    __hash__ = object.__hash__

    def __init__(self, limits: Limits) -> None:  # pylint: disable=super-init-not-called
        self.transitions = Transitions()  # type: ignore[assignment] # all that is asked of a Machine
        self.remote_address: str | None = None
        self.remote_port: int | None = None
        self.client_id: str | None = None
        self.clean_session: bool | None = True
        self.will_flag = False
        self.will_message: bytes | bytearray | None = None
        self.will_qos: int | None = 0
        self.will_retain: bool | None = False
        self.will_topic: str | None = None
        self.keep_alive = 0
        self.publish_retry_delay = 0
        self.username: str | None = None
        self.password: str | None = None
        self.parent = 0
        self.last_connect_time: int | None = None
        self.last_disconnect_time: int | None = None
        self.ssl_object: ssl.SSLObject | None = None
        self.left_at = 0.0
        self.attributes: dict[str, Any] = {}
        self.is_anonymous = False
        self.filters: dict[str, int] = {}
        """Topic filter -> granted QoS."""
        self.unreleased: set[int] = set()
        """Packet ids of QoS 2 messages that came and are not released (4.3.3)."""
        self.connection: Connection | None = None
        self.outgoing = Outgoing(limits)

    def __eq__(self, other: object) -> bool:
        return self is other

    @property
    def identity(self) -> str | None:
        """Whose session it is: None for an anonymous client's."""
        return self.username

    @cached_property
    def retained_messages(self) -> Queue[ApplicationMessage]:  # type: ignore[override]
        """An empty queue: what waits is in `outgoing`."""
        return Queue()

    @cached_property
    def delivered_message_queue(self) -> Queue[ApplicationMessage]:  # type: ignore[override]
        """An empty queue: what comes is delivered as it comes."""
        return Queue()

    @cached_property
    def inflight_in(self) -> OrderedDict[int, Any]:  # type: ignore[override]
        """An empty dict: see `unreleased`."""
        return OrderedDict()

    @cached_property
    def inflight_out(self) -> OrderedDict[int, Any]:  # type: ignore[override]
        """An empty dict: see `outgoing`."""
        return OrderedDict()

    def adopt(self, newer: ClientSession) -> None:
        """Take over what a new CONNECT said, its will's retain flag included (D14 of amqtt)."""
        for name in (
            "remote_address", "remote_port", "clean_session", "will_flag", "will_message",
            "will_qos", "will_retain", "will_topic", "keep_alive", "username", "password",
            "ssl_object", "attributes", "is_anonymous",
        ):  # fmt: skip
            setattr(self, name, getattr(newer, name))
        self.parent = 1

    def came(self, connection: Connection) -> None:
        """Note that its client is connected."""
        self.connection = connection
        self.transitions.connect()
        self.last_connect_time, self.last_disconnect_time = int(time.time()), None

    def left(self) -> None:
        """Note that its client is gone."""
        self.connection = None
        self.transitions.disconnect()
        self.last_disconnect_time = int(time.time())
        self.left_at = time.monotonic()  # the wall's clock may be set meanwhile
