"""A bridge's end of the wire: it hears all that hubs say, and orders what a test wants."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from operator import itemgetter
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.messages import (
    DeviceChanged,
    FlashCompleted,
    FlashFailed,
    FlashLog,
    FlashProgress,
    HubChanged,
    Report,
    decode_report,
)
from flashyard.contract.orders import (
    Announce,
    Answer,
    CancelOrder,
    ImageOrder,
    JobOrder,
    LimitsOrder,
    PauseOrder,
    Receipt,
    Recorded,
    ReleaseOrder,
    ResumeOrder,
    StartOrder,
    decode_answer,
)
from flashyard.contract.records import Device, Hub, StartOptions
from flashyard.contract.topics import ANNOUNCE, Kind, bridge_filters, build, parse
from flashyard.link import Link
from support.waiting import until

_numbers = count(1)
T = TypeVar("T", bound=Report)


class Heard(NamedTuple):
    """One report, as it came."""

    kind: Kind
    report: Report
    retained: bool


def new_job_id() -> str:
    return f"job_1703001234_{next(_numbers):06d}"


def now_ms() -> int:
    return int(time.time() * 1000)


class BridgePeer:
    """``heard`` holds every report; ``devices`` and ``hub`` what is retained now.

    ``clock`` tells the bridge's Unix ms; ``keeps``: are records of ended jobs acknowledged?
    """

    keeps = True

    def __init__(
        self, url: str, hub_id: str = "bench-a", clock: Callable[[], int] = now_ms
    ) -> None:
        self.hub_id = hub_id
        self.clock = clock
        self.heard: list[Heard] = []
        self.devices: dict[str, Device] = {}
        self.cleared: list[str] = []
        self.hub: Hub | None = None
        self.receipts: list[Answer] = []
        self.link_url = url
        self.link = Link(
            url,
            "bridge-peer",
            on_message=self._hear,
            on_up=lambda: self._ask(self.clock()),
            subscriptions=bridge_filters(),
        )

    async def __aenter__(self) -> Self:
        await self.link.__aenter__()
        await self.link.wait_until_up(10.0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.link.__aexit__(kind, error, trace)

    # What was heard

    def said(self, of: type[T], job_id: str | None = None) -> list[T]:
        """The reports of one class, of one job where it is named, in order."""
        return [
            h.report
            for h in self.heard
            if isinstance(h.report, of) and job_id in {None, getattr(h.report, "job_id", None)}
        ]

    def events(self, job_id: str) -> list[Any]:
        """A job's events, in order; samples are none."""
        return [h.report for h in self._of(job_id) if h.kind is Kind.EVENT]

    def samples(self, job_id: str) -> list[Any]:
        return [h.report for h in self._of(job_id) if h.kind is Kind.PROGRESS]

    def types(self, job_id: str) -> list[str]:
        """The kinds of a job's events without ``flash_``; progress in a row is one."""
        said = [event.type.removeprefix("flash_") for event in self.events(job_id)]
        return [each for n, each in enumerate(said) if n == 0 or each != said[n - 1]]

    def end(self, job_id: str) -> FlashCompleted | FlashFailed | None:
        ends = [e for e in self.events(job_id) if isinstance(e, FlashCompleted | FlashFailed)]
        return ends[0] if ends else None

    def log(self, job_id: str) -> list[str]:
        return [line.text for said in self.said(FlashLog, job_id) for line in said.lines]

    def record_of(self, job_id: str) -> JobRecord | None:
        """An ended job's full record, once it came."""
        return next(iter(self.said(JobRecord, job_id)), None)

    def records(self, device_id: str) -> list[Device]:
        """All records of a device, in order."""
        said = self.said(DeviceChanged)
        return [each.device for each in said if each.device_id == device_id]

    async def ended(self, job_id: str, within: float = 30.0) -> FlashCompleted | FlashFailed:
        """Wait for a job's end and for its record; with NATS either may be the first."""
        await until(lambda: self.said(JobRecord, job_id) and self.end(job_id), within)
        end = self.end(job_id)
        assert end is not None
        return end

    async def failed(self, job_id: str, code: Code) -> FlashFailed:
        """Wait for an end without success, of this code."""
        end = await self.ended(job_id)
        assert isinstance(end, FlashFailed), end
        assert end.code is code
        return end

    async def completed(self, job_id: str) -> FlashCompleted:
        end = await self.ended(job_id)
        assert isinstance(end, FlashCompleted), end
        return end

    async def online(self, *device_ids: str, within: float = 15.0) -> None:
        """Wait until the hub and these devices are there."""
        await until(
            lambda: (
                self.hub
                and self.hub.online
                and all(d in self.devices and self.devices[d].online for d in device_ids)
                and all(self.devices[d].session == self.hub.session for d in device_ids)
            ),
            within,
        )

    async def phase(self, job_id: str, stage: str) -> None:
        """Wait until a job's stage begins so."""
        await until(
            lambda: any(p.stage.startswith(stage) for p in self.said(FlashProgress, job_id))
        )

    # What is ordered

    def order(self, **fields: Any) -> dict[str, Any]:
        """What every order says; for the hub's present session."""
        assert self.hub is not None
        return {
            "order_id": f"o-{next(_numbers)}",
            "job_id": new_job_id(),
            "session": self.hub.session,
            "issued_at": self.clock(),
            **fields,
        }

    def start_order(self, device_id: str, **fields: Any) -> StartOrder:
        said = {"partition": "system", "total_bytes": 1 << 20, **fields}
        options = StartOptions(**said.pop("options", {}))
        return StartOrder(**self.order(device_id=device_id, options=options, **said))

    async def start(self, device_id: str, **fields: Any) -> Receipt:
        return await self.give(self.start_order(device_id, **fields))

    async def cancel(self, job_id: str, **fields: Any) -> Receipt:
        return await self.give(CancelOrder(**self.order(job_id=job_id, **fields)))

    async def renew(self, job_id: str, sha256: str, query: str) -> Receipt:
        return await self.give(ImageOrder(**self.order(job_id=job_id), sha256=sha256, query=query))

    async def pause(self, job_id: str) -> Receipt:
        return await self.give(PauseOrder(**self.order(job_id=job_id)))

    async def resume(self, job_id: str) -> Receipt:
        return await self.give(ResumeOrder(**self.order(job_id=job_id)))

    async def limit(self, **limits: Any) -> Answer:
        """Change what a job, a device, or else the hub is held to."""
        order = LimitsOrder(**{**self.order(), "job_id": None, **limits})
        return await self.send(order.encode(), order.order_id)

    async def release(self, device_id: str) -> Answer:
        said = self.order(device_id=device_id)
        order = ReleaseOrder(**{name: said[name] for name in said if name != "job_id"})
        return await self.send(order.encode(), order.order_id)

    async def give(self, order: JobOrder) -> Receipt:
        """Send an order and wait for one more receipt of it."""
        receipt = await self.send(order.encode(), order.order_id)
        assert isinstance(receipt, Receipt)
        return receipt

    async def send(self, payload: bytes, order_id: str) -> Answer:
        before = len(self._receipts_of(order_id))
        self.link.publish(build(Kind.ORDER, self.hub_id), payload, qos=1)
        await until(lambda: len(self._receipts_of(order_id)) > before)
        return self._receipts_of(order_id)[-1]

    def acknowledge(self, *job_ids: str) -> None:
        """Tell the hub that the records of these jobs are in the history."""
        said = Recorded(job_ids=job_ids, history_id="h1")
        self.link.publish(build(Kind.RECORDED, self.hub_id), said.encode(), qos=1)

    async def announce(self, now: int | None = None) -> int:
        """Ask for everything, and wait for the hub's answer."""
        now = self.clock() if now is None else now
        self._ask(now)
        await until(lambda: self.hub and self.hub.announced == now)
        return now

    def _ask(self, now: int) -> None:
        self.link.publish(ANNOUNCE, Announce(now=now).encode(), qos=1)

    def _receipts_of(self, order_id: str) -> list[Answer]:
        return [receipt for receipt in self.receipts if receipt.order_id == order_id]

    def _of(self, job_id: str) -> list[Heard]:
        return [h for h in self.heard if getattr(h.report, "job_id", None) == job_id]

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:  # noqa: FBT001 - the link's
        kind, hub_id, device_id = parse(topic)
        assert hub_id == self.hub_id
        if kind is Kind.RECEIPT:
            self.receipts.append(decode_answer(payload))
            return
        if not payload:
            self.cleared.append(device_id or hub_id)
            self.devices.pop(device_id or "", None)
            return
        report = decode_report(kind, payload)
        self.heard.append(Heard(kind, report, retained))
        if isinstance(report, JobRecord) and self.keeps:
            self.acknowledge(report.job_id)
        elif isinstance(report, HubChanged):
            self.hub = report.hub
        elif isinstance(report, DeviceChanged):
            self.devices[report.device_id] = report.device


def check_story(peer: BridgePeer, job_id: str) -> list[str]:
    """See that a job was told in the contract's order, numbered, once, and never backwards."""
    events = peer.events(job_id)
    types = [event.type.removeprefix("flash_") for event in events]
    first = 0 if types[0] == "queued" else 1
    assert [event.seq for event in events] == list(range(first, first + len(events)))
    assert types.count("started") <= 1
    assert [t for t in types if t in {"completed", "failed"}] in ([], [types[-1]])
    progress = [
        (h.report.seq, h.kind is Kind.PROGRESS, h.report)
        for h in peer._of(job_id)
        if isinstance(h.report, FlashProgress)
    ]
    # A sample may overtake the event whose number it carries; a bridge puts it behind that one.
    progress.sort(key=itemgetter(0, 1))
    percents = [said.progress for _, _, said in progress]
    assert percents == sorted(percents)
    stamps = [event.timestamp for event in events]
    assert stamps == sorted(stamps)
    if types[-1] == "completed":
        assert types[-2] == "progress"
        assert percents.count(100.0) == 1
        assert percents[-1] == 100.0
    else:
        assert 100.0 not in percents
    return types
