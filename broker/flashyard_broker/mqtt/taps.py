"""amqtt's events, for the plugins that listen to them; where none does they cost nothing.

It changes nothing that it tells.
"""

from __future__ import annotations

from typing import Any

from amqtt.broker import BrokerContext
from amqtt.events import BrokerEvents, Events, MQTTEvents
from amqtt.plugins.manager import PluginManager
from amqtt.session import IncomingApplicationMessage

from flashyard_broker.mqtt import wire
from flashyard_broker.mqtt.session import ClientSession


class Taps:
    """Who listens, looked up once. ``received``, ``sent``, ``messages``: somebody listens to each.

    A plugin that does puts every message on a slower path.
    """

    def __init__(self, plugins: PluginManager[BrokerContext]) -> None:
        self._plugins = plugins
        tapped = {event for event, calls in plugins._event_plugin_callbacks.items() if calls}  # noqa: SLF001 - no public way
        self._tapped: set[str] = tapped
        self.received = MQTTEvents.PACKET_RECEIVED in tapped
        self.sent = MQTTEvents.PACKET_SENT in tapped
        self.messages = bool(
            tapped & {BrokerEvents.MESSAGE_RECEIVED, BrokerEvents.MESSAGE_BROADCAST}
        )

    def fire(self, event: Events, **facts: Any) -> None:
        """Tell the plugins that listen to an event, each in a task of the plugin manager's."""
        if event in self._tapped:
            wire.at_once(self._plugins.fire_event(event, **facts))

    def packet(self, event: Events, frame: bytes, session: ClientSession | None) -> None:
        """Tell of a packet that came or goes."""
        try:
            packet = wire.decode(frame)
        except wire.MalformedPacketError:
            return  # whoever handles it will say so
        self.fire(event, packet=packet, session=session)

    def message(self, event: Events, session: ClientSession, told: tuple[str, bytes, int]) -> None:
        """Tell of a message: topic, payload and QoS as its client published them."""
        topic, payload, qos = told
        message = IncomingApplicationMessage(None, topic, qos, payload, retain=False)
        self.fire(event, client_id=session.client_id, message=message)
