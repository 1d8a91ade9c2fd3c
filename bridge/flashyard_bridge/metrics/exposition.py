"""All metrics of a bridge as text: its own, its broker's where it hears them, its process's.

Source: Prometheus' text exposition format 0.0.4. There is no registry and no global state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from flashyard_bridge.audit.trail import Trail
from flashyard_bridge.images.store import ImageStore
from flashyard_bridge.intake import Intake
from flashyard_bridge.live.fanout import Live
from flashyard_bridge.metrics.of_broker import BROKER
from flashyard_bridge.metrics.own import OWN, Rooms
from flashyard_bridge.picture.fleet import Fleet

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Described(NamedTuple):
    """A metric as a page of documentation shows it."""

    name: str
    kind: str
    label: str | None
    about: str


class Metrics:
    """Reads a bridge's rooms when it is asked to."""

    def __init__(
        self, fleet: Fleet, intake: Intake, live: Live, trail: Trail, images: ImageStore
    ) -> None:
        self._fleet = fleet
        self._intake = intake
        self._live = live
        self._trail = trail
        self._images = images

    async def text(self) -> bytes:
        """Tell all values."""
        stored = await self._images.all()
        rooms = Rooms(self._fleet, self._intake, self._live, self._trail, stored)
        return generate_latest(_Scrape(rooms))


class _Scrape(Collector):
    """What the library asks for the values."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def collect(self) -> Iterator[Family]:
        for metric, read in OWN.items():
            yield metric.family(read(self._rooms))
        yield from self._rooms.intake.broker.families()
        yield from _process()


def described() -> dict[str, list[Described]]:
    """Describe every metric there is, by where it comes from."""
    process = [
        Described(
            f"{family.name}_total" if family.type == "counter" else family.name,
            family.type,
            None,
            family.documentation.rstrip("."),
        )
        for family in _process()
    ]
    told = {
        origin: [
            Described(m.name, "counter" if m.is_counter else "gauge", m.label, m.about)
            for m in metrics
        ]
        for origin, metrics in (("bridge", OWN), ("broker", BROKER.values()))
    }
    return {**told, "process": process}


def _process() -> Iterable[Family]:
    return ProcessCollector(registry=None).collect()
