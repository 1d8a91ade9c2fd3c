"""The broker's numbers, as it tells them on its ``$SYS`` topics: the last of each that is known.

Source: mosquitto(8), section "Broker Status"; `docs/decisions/0008-watching.md` for our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import Metric as Family

from flashyard_bridge.metrics.metric import Metric

ROOT = "$SYS/"
FILTER = ("$SYS/broker/#", 0)  # to subscribe to
MAX_VALUES = 200
_ANY = "/+"  # ends a topic whose last part is the label's value
_BASE = "$SYS/broker/"
_NUMBER = re.compile(rb"(\d{1,18}(?:\.\d{1,6})?)(?: seconds)?")  # the uptime has its unit
_PART = re.compile(r"[a-z0-9_]{1,40}")


def _metric(name: str, about: str, label: str | None = None) -> Metric:
    return Metric(f"flashyard_broker_{name}", about, label)


# What Mosquitto tells, too, comes first; by the topic's part behind $SYS/broker/.
BROKER: Mapping[str, Metric] = {
    "uptime": _metric("uptime_seconds", "Since the broker started"),
    "clients/connected": _metric("clients_connected", "Clients that are connected"),
    "clients/disconnected": _metric(
        "clients_disconnected", "Persistent sessions whose client is not connected"
    ),
    "messages/received": _metric("packets_received_total", "MQTT packets of any type received"),
    "messages/sent": _metric("packets_sent_total", "MQTT packets of any type sent"),
    "publish/messages/received": _metric("messages_received_total", "Messages published to it"),
    "publish/messages/sent": _metric("messages_sent_total", "Messages sent to subscribers"),
    "publish/messages/dropped": _metric(
        "messages_dropped_total", "Messages that did not reach all they were for"
    ),
    "bytes/received": _metric("bytes_received_total", "Bytes received"),
    "bytes/sent": _metric("bytes_sent_total", "Bytes sent"),
    "retained messages/count": _metric(
        "retained_messages", "Retained messages, those below $SYS included"
    ),
    "subscriptions/count": _metric("subscriptions", "Subscriptions of all sessions"),
    "heap/current": _metric("heap_bytes", "Heap in use"),
    "flashyard/connections": _metric(
        "connections_total", "Connections that came, those that were refused included"
    ),
    "flashyard/received/+": _metric(
        "received_by_qos_total", "Messages published to it, by their QoS", "qos"
    ),
    "flashyard/sent/+": _metric(
        "sent_by_qos_total", "Messages sent to subscribers, by their QoS", "qos"
    ),
    "flashyard/refused/+": _metric(
        "refused_total", "Connections refused before they were accepted", "reason"
    ),
    "flashyard/cut/+": _metric("cut_total", "Connections ended by the broker", "reason"),
    "flashyard/dropped/+": _metric(
        "dropped_total", "Messages that did not reach all they were for, by why", "reason"
    ),
    "flashyard/denied/+": _metric(
        "denied_total", "Publishes and subscriptions that their identity may not make", "what"
    ),
    "flashyard/retained/bytes": _metric("retained_bytes", "Bytes of the retained messages"),
    "flashyard/queued/messages": _metric(
        "queued_messages", "QoS 1 and 2 messages that wait for their client, over all sessions"
    ),
    "flashyard/queued/bytes": _metric("queued_bytes", "Bytes of those"),
    "flashyard/queued/longest": _metric("queue_longest", "Messages in the longest of the queues"),
    "flashyard/inflight": _metric(
        "inflight_messages", "QoS 1 and 2 messages sent and not acknowledged yet"
    ),
}


class BrokerValues:
    """The last values; numbers only, and only those with a name here: the broker is a stranger."""

    def __init__(self) -> None:
        self._values: dict[Metric, dict[str, float]] = {}

    def hear(self, topic: str, payload: bytes) -> None:
        """Take one value; what is no number of ours is left alone."""
        number = _NUMBER.fullmatch(payload)
        found = _find(topic.removeprefix(_BASE)) if topic.startswith(_BASE) else None
        if number is None or found is None:
            return
        metric, part = found
        values = self._values.setdefault(metric, {})
        if part in values or sum(map(len, self._values.values())) < MAX_VALUES:
            values[part] = float(number[1])

    def forget(self) -> None:
        """The broker is out of reach: nothing is known of it now."""
        self._values.clear()

    def families(self) -> Iterator[Family]:
        """Tell what was heard, in the table's order."""
        for metric in BROKER.values():
            if values := self._values.get(metric):
                yield metric.family(values)


def _find(name: str) -> tuple[Metric, str] | None:
    if name in BROKER and not name.endswith(_ANY):
        return BROKER[name], ""
    parent, _, part = name.rpartition("/")
    metric = BROKER.get(parent + _ANY)
    return (metric, part) if metric is not None and _PART.fullmatch(part) else None
