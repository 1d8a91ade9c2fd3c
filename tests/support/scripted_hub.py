"""A hub on a real link that takes orders and answers them as a test wants; it flashes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from flashyard.contract.entries import queue_entry, recent_entry
from flashyard.contract.faults import Code, fault
from flashyard.contract.limits import Limits
from flashyard.contract.messages import DeviceChanged, Event, FlashLog, HubChanged
from flashyard.contract.orders import (
    Announce,
    Answer,
    AnyOrder,
    JobOrder,
    Receipt,
    StartOrder,
    decode_order,
)
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import CurrentJob, Device, Hub, Job, LogLine, Unrecorded
from flashyard.contract.topics import ANNOUNCE, Kind, build
from flashyard.contract.troubles import Trouble
from flashyard.link import Link

GIB = 1 << 30

Answering = Callable[[AnyOrder], Answer | None]


def accept(order: AnyOrder) -> Answer:
    """Agree; a job that is asked about runs."""
    if not isinstance(order, JobOrder):
        return Answer(order_id=order.order_id, accepted=True)
    return Receipt(
        order_id=order.order_id, accepted=True, job_id=order.job_id, status=Status.RUNNING
    )


def queue(order: AnyOrder) -> Answer:
    return accept(order).with_(status=Status.QUEUED, position=1)


def answer_with(status: Status) -> Answering:
    """Agree, and say that the job is this by now."""
    return lambda order: accept(order).with_(status=status)


def stay_silent(_order: AnyOrder) -> None:
    return None


def refuse_with(code: Code, details: str | None = None) -> Answering:
    why = fault(code)

    def refuse(order: AnyOrder) -> Answer:
        no = accept(order).with_(accepted=False, code=code, error=why.sentence, details=details)
        return no.with_(status=Status.FAILED) if isinstance(no, Receipt) else no

    return refuse


class ScriptedHub:
    """The hub's end. ``answer`` makes the receipt of each order, or None for silence.

    ``orders`` are those it got, oldest first; ``troubles``, ``limits`` and ``unrecorded`` what its
    presence says.
    """

    def __init__(self, broker_url: str, hub_id: str = "bench-a") -> None:
        self.hub_id = hub_id
        self.session = "s1"
        self.answer: Answering = accept
        self.orders: list[AnyOrder] = []
        self.devices: dict[str, Device] = {}
        self.troubles: tuple[Trouble, ...] = ()
        self.limits = Limits(max_parallel=8)
        self.unrecorded: Unrecorded | None = None
        self._link = Link(
            broker_url,
            hub_id,
            on_message=self._hear,
            subscriptions=[(build(Kind.ORDER, hub_id), 1), (ANNOUNCE, 1)],
            on_up=self._say_all,
        )

    async def __aenter__(self) -> Self:
        await self._link.__aenter__()
        await self._link.wait_until_up(10.0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._link.__aexit__(kind, error, trace)

    @property
    def is_up(self) -> bool:
        """Would an order reach it now?"""
        return self._link.is_up

    @property
    def starts(self) -> list[StartOrder]:
        return [order for order in self.orders if isinstance(order, StartOrder)]

    def plug(self, device_id: str, **facts: Any) -> None:
        """Show a device; emulated, online and without slots unless told otherwise."""
        told = {
            "device_name": f"Name of {device_id}",
            "serial": device_id,
            "transport": "tcp",
            "mode": "fastboot",
            "online": True,
            "emulated": True,
            "partitions": {"system": 8 * GIB, "boot": 4 * GIB, "vendor": 4 * GIB},
            **facts,
        }
        known = self.devices.get(device_id)
        self.devices[device_id] = Device(
            device_id=device_id,
            hub_id=self.hub_id,
            session=self.session,
            rev=known.rev if known else 0,
            last_seen=_now(),
            **told,
        )
        self._say_device(device_id)

    def run(self, device_id: str, job: Job) -> None:
        """Show a job as the one that runs."""
        current = CurrentJob.model_construct(**dict(job), seq=2)
        self.devices[device_id] = self.devices[device_id].with_(current_job=current)
        self._say_device(device_id)

    def wait(self, device_id: str, *jobs: Job) -> None:
        """Show jobs as a device's queue, in this order."""
        queue = tuple(queue_entry(job, 0) for job in jobs)
        self.devices[device_id] = self.devices[device_id].with_(queue=queue)
        self._say_device(device_id)

    def say(self, event: Event) -> None:
        """Say something of a job."""
        topic = build(Kind.EVENT, self.hub_id, event.device_id)
        self._link.publish(topic, event.encode(), qos=1)

    def end(self, device_id: str, job: Job, code: Code | None = None) -> None:
        """Show a job as ended: completed, or failed with a code."""
        status = Status.COMPLETED if code is None else Status.FAILED
        over = job.with_(
            status=status, phase=Phase(status.value), finished_at=_now(), code=code, error=code
        )
        device = self.devices[device_id]
        self.devices[device_id] = device.with_(
            current_job=None, recent=(*device.recent, recent_entry(over, 3))
        )
        self._say_device(device_id)

    def log(self, device_id: str, job_id: str, text: str) -> None:
        line = LogLine(at=_now(), text=text)
        said = FlashLog(
            job_id=job_id, device_id=device_id, hub_id=self.hub_id, timestamp=_now(), lines=(line,)
        )
        self._link.publish(build(Kind.LOG, self.hub_id, device_id), said.encode())

    def say_presence(self, *, online: bool = True, announced: int | None = None) -> None:
        hub = Hub(
            hub_id=self.hub_id,
            online=online,
            session=self.session,
            since=1,
            version="0.1.0",
            limits=self.limits,
            announced=announced,
            troubles=self.troubles or None,
            unrecorded=self.unrecorded,
        )
        said = HubChanged(hub_id=self.hub_id, timestamp=_now(), hub=hub)
        self._link.publish(build(Kind.PRESENCE, self.hub_id), said.encode(), qos=1, retain=True)

    def _say_all(self) -> None:
        self.say_presence()
        for device_id in self.devices:
            self._say_device(device_id)

    def _say_device(self, device_id: str) -> None:
        device = self.devices[device_id]
        device = self.devices[device_id] = device.with_(rev=device.rev + 1)
        said = DeviceChanged(
            device_id=device_id, hub_id=self.hub_id, timestamp=_now(), device=device
        )
        topic = build(Kind.DEVICE, self.hub_id, device_id)
        self._link.publish(topic, said.encode(), qos=1, retain=True)

    def _hear(self, topic: str, payload: bytes, _retained: bool) -> None:  # noqa: FBT001 - the link's
        if topic == ANNOUNCE:
            self._say_all()
            self.say_presence(announced=Announce.decode(payload).now)
            return
        order = decode_order(payload)
        self.orders.append(order)
        receipt = self.answer(order)
        if receipt is not None:
            self._link.publish(build(Kind.RECEIPT, self.hub_id), receipt.encode(), qos=1)


def _now() -> int:
    return time.time_ns() // 1_000_000
