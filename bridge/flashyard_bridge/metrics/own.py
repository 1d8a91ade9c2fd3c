"""The bridge's own metrics: a table of what each means and where it is read.

It reads what the rooms know anyhow; it counts nothing itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import flashyard
from flashyard.contract.faults import Code
from flashyard.contract.phases import Status
from flashyard.contract.records import Hub, Job, StoredImage
from flashyard.contract.topics import MANNERS
from flashyard_bridge.audit.trail import Trail
from flashyard_bridge.intake import Intake, Unfit
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.metrics.metric import Metric, Values, one
from flashyard_bridge.picture.fleet import Fleet

_Name = TypeVar("_Name", bound=str)
_REPORTS = [kind for kind, manners in MANNERS.items() if manners.source == "hub"]


@dataclass(frozen=True, slots=True)
class Rooms:
    """Where the values are read. ``images``: all that are stored."""

    fleet: Fleet
    intake: Intake
    live: Live
    trail: Trail
    images: Sequence[StoredImage]


OWN: Mapping[Metric, Callable[[Rooms], Values]] = {
    Metric("flashyard_info", "Always 1; which version this is", "version"): (
        lambda _: {flashyard.__version__: 1.0}
    ),
    Metric("flashyard_ready", "1 once the first picture is complete"): (
        lambda rooms: one(rooms.intake.first_picture.is_set())
    ),
    Metric("flashyard_link_up", "1 while the bridge is connected to its MQTT broker"): (
        lambda rooms: one(rooms.intake.link.is_up)
    ),
    Metric("flashyard_link_connections_total", "Connections made to the broker"): (
        lambda rooms: one(rooms.intake.link.connections)
    ),
    Metric(
        "flashyard_link_dropped_total",
        "MQTT messages of the bridge that were not taken, or discarded unconfirmed",
    ): lambda rooms: one(rooms.intake.link.dropped),
    Metric("flashyard_reports_total", "MQTT messages heard, by what their topic carries", "kind"): (
        lambda rooms: _each(_REPORTS, rooms.intake.heard)
    ),
    Metric(
        "flashyard_reports_refused_total",
        "MQTT messages refused: a topic that is none of ours, or a body that is not what its topic"
        " says",
        "reason",
    ): lambda rooms: _each(Unfit, rooms.intake.refused),
    Metric("flashyard_websocket_clients", "Browsers that are connected"): (
        lambda rooms: one(rooms.live.connected)
    ),
    Metric(
        "flashyard_websocket_messages_total",
        "Messages for browsers, each counted once, however many browsers there are",
    ): lambda rooms: one(rooms.live.tally.messages),
    Metric("flashyard_websocket_sent_total", "Messages written to browsers' connections"): (
        lambda rooms: one(rooms.live.tally.sent)
    ),
    Metric(
        "flashyard_websocket_thinned_total",
        "Messages that a newer one replaced before a slow browser took them",
    ): lambda rooms: one(rooms.live.tally.thinned),
    Metric(
        "flashyard_websocket_ignored_total",
        "What browsers said that is neither a ping nor a subscribe",
    ): lambda rooms: one(rooms.live.tally.ignored),
    Metric(
        "flashyard_websocket_closed_total",
        "Connections that the bridge ended, by close code: 1008 no valid token, 1009 a message too"
        " long, 1011 no answer to a ping, 1012 the bridge stops, 1013 too slow",
        "code",
    ): lambda rooms: {str(code): count for code, count in rooms.live.tally.closed.items()},
    Metric(
        "flashyard_jobs",
        "Jobs by status; of those that ended the bridge remembers the last 1,000",
        "status",
    ): lambda rooms: _each(Status, Counter(job.status for job in rooms.fleet.jobs())),
    Metric("flashyard_jobs_held", "Jobs paused before they began: others pass them"): (
        lambda rooms: one(sum(map(_is_held, rooms.fleet.jobs())))
    ),
    Metric("flashyard_devices", "Devices that are known, by whether they are there", "state"): (
        lambda rooms: _presence(device.online for device in rooms.fleet.devices())
    ),
    Metric("flashyard_devices_quarantined", "Devices that take no jobs until they are released"): (
        lambda rooms: one(sum(d.quarantine is not None for d in rooms.fleet.devices()))
    ),
    Metric("flashyard_hubs", "Hubs that are known, by whether they are there", "state"): (
        lambda rooms: _presence(hub.online for hub in rooms.fleet.hubs())
    ),
    Metric("flashyard_hub_troubles", "What is wrong with hubs that are there, by code", "code"): (
        lambda rooms: {str(code): count for code, count in _troubles(rooms.fleet.hubs()).items()}
    ),
    Metric(
        "flashyard_hub_records",
        "Records of ended jobs that hubs have and no history; lost: those they had to give up",
        "state",
    ): lambda rooms: _unrecorded(rooms.fleet.hubs()),
    Metric("flashyard_audit_waiting", "Lines of the audit trail that are not written yet"): (
        lambda rooms: one(rooms.trail.waiting)
    ),
    Metric(
        "flashyard_audit_lost_total",
        "Lines of the audit trail that there was no room for, or that the database refused",
    ): lambda rooms: one(rooms.trail.lost),
    Metric("flashyard_images", "Images in the store"): lambda rooms: one(len(rooms.images)),
    Metric("flashyard_images_bytes", "Bytes of the images in the store"): (
        lambda rooms: one(sum(image.size for image in rooms.images))
    ),
}


def _each(names: Iterable[_Name], counted: Mapping[_Name, int]) -> Values:
    """Tell also what is zero: a series that begins later has lost its first increase."""
    return {str(name): counted.get(name, 0) for name in names}


def _is_held(job: Job) -> bool:
    return job.status is Status.PAUSED and not job.has_begun


def _troubles(hubs: Iterable[Hub]) -> Counter[Code]:
    online = [hub for hub in hubs if hub.online]
    return Counter(trouble.code for hub in online for trouble in hub.troubles or ())


def _unrecorded(hubs: Iterable[Hub]) -> Values:
    told = [hub.unrecorded for hub in hubs if hub.unrecorded]
    return {"waiting": sum(t.waiting for t in told), "lost": sum(t.lost for t in told)}


def _presence(are_online: Iterable[bool]) -> Values:
    counted = Counter("online" if online else "offline" for online in are_online)
    return _each(("online", "offline"), counted)
