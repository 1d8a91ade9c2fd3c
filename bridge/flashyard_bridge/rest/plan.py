"""From a wish to an order: which device, which bytes, and whether they fit. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flashyard.contract.faults import Code, refuse
from flashyard.contract.orders import OrderStep, StartOrder
from flashyard.contract.plans import FlashPlan, PlannedStep, Requirement
from flashyard.contract.records import Device, Job, StartOptions, StoredImage
from flashyard_bridge.choice import awaited_device, hub_of, online_device
from flashyard_bridge.errors import reject
from flashyard_bridge.orders import mint_job_id, mint_order_id
from flashyard_bridge.rest.fit import check_room, check_slot, check_whole
from flashyard_bridge.rest.request import DEFAULT_PARTITION, DEFAULT_SIZE, StartRequest
from flashyard_bridge.rollback.planning import Target, plan_rollback
from flashyard_bridge.state import BridgeState

# Why there may be no plan, beside that the device is not to be had; for the API's description.
REFUSALS = (
    Code.UNKNOWN_IMAGE,
    Code.IMAGE_REQUIRED,
    Code.IMAGE_TOO_LARGE,
    Code.INCOMPLETE_SLOT,
    Code.ROLLBACK_IMPOSSIBLE,
    Code.DATABASE_UNREACHABLE,
)
MAX_AWAY = 366 * 24 * 60 * 60 * 1000  # ms; a time further from now was mistyped


@dataclass(frozen=True, slots=True)
class Plan:
    """An order, the hub it is for, and the request's fields that mean nothing to us."""

    hub_id: str
    order: StartOrder
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a start and a retry have in common: ``steps``, or an ``image``, or a mere ``size``."""

    device_name: str | None
    partition: str
    image: StoredImage | None
    size: int
    options: StartOptions
    steps: tuple[tuple[PlannedStep, StoredImage], ...] = ()
    requirements: tuple[Requirement, ...] = ()
    priority: int
    bandwidth_limit: int | None
    not_before: int | None = None
    attempt: int = 1
    retry_of: str | None = None
    idempotency_key: str | None = None

    @property
    def images(self) -> tuple[StoredImage, ...]:
        """What is to be fetched; nothing where bytes are made."""
        return (self.image,) if self.image else tuple(image for _, image in self.steps)

    @property
    def total(self) -> int:
        """Content bytes over all steps."""
        return sum(image.content_size for image in self.images) if self.images else self.size

    @property
    def written(self) -> frozenset[str]:
        """The partitions of the slot that is meant, by name."""
        if not self.steps:
            return frozenset({self.partition})
        return frozenset(step.partition for step, _ in self.steps if step.slot is None)

    @property
    def targets(self) -> list[Target]:
        """What may have to be taken back."""
        if not self.steps:
            return [Target(self.partition)]
        return [Target(step.partition, step) for step, _ in self.steps]

    def spans(self) -> Iterator[tuple[str, str | None, int]]:
        """Yield each partition, its slot and the bytes it must have room for."""
        slot = self.options.slot
        if not self.steps:
            yield self.partition, slot, self.image.expanded_size if self.image else self.size
        for step, image in self.steps:
            # Where the other slot is meant, and logical partitions, are for the hub to judge.
            if step.slot is None and step.method == "flash":
                yield step.partition, slot, image.expanded_size


async def plan_start(bridge: BridgeState, request: StartRequest) -> Plan:
    """Plan what a request asks for.

    Raises:
        FaultError: the device is not to be had, or the bytes are not right for it.
    """
    find = awaited_device if request.wait_for_device else online_device
    device = find(bridge.fleet, request.device_id, request.hub_id)
    image = await bridge.images.get(request.image) if request.image else None
    if image is not None:
        _agree(request, image)
        if request.partition is None:
            raise refuse(Code.PARTITION_REQUIRED)
    options, wanted = _options(request), request.plan
    if wanted is not None:
        options = options.with_(plan=await bridge.images.plans.keep(wanted))
    wish = _Wish(
        device_name=request.device_name or None,
        partition=wanted.partitions[0].partition
        if wanted
        else request.partition or DEFAULT_PARTITION,
        image=image,
        steps=await _steps(bridge, wanted),
        requirements=wanted.requirements if wanted else (),
        size=request.image_size or DEFAULT_SIZE,
        options=options,
        priority=request.priority,
        bandwidth_limit=request.bandwidth_limit,
        not_before=_not_before(request.not_before, bridge.now()),
        idempotency_key=request.idempotency_key,
    )
    return await _plan(bridge, device, wish, tuple(request.ignored))


async def plan_retry(bridge: BridgeState, job: Job) -> Plan:
    """Plan a job once more, as it was asked for, but for the time it was to wait for.

    Raises:
        FaultError: `illegal_state` unless it has ended, and where its image would not put the
            same bytes there; else as for a start.
    """
    if not job.is_final:
        sentence = f"The job {job.job_id} has not ended."
        raise refuse(Code.ILLEGAL_STATE, sentence, hint="Cancel it first.")
    options = job.options or StartOptions()
    find = awaited_device if options.wait_for_device else online_device
    device = find(bridge.fleet, job.device_id, job.hub_id)
    kept = await bridge.images.plans.get(options.plan) if options.plan else None
    if options.plan and kept is None:
        raise refuse(
            Code.ILLEGAL_STATE,
            "What the job consisted of is not on record any more.",
            hint="Start a new job with the same partitions.",
        )
    wish = _Wish(
        device_name=job.device_name,
        partition=kept.partitions[0].partition if kept else job.partition,
        image=await bridge.images.get(job.image.sha256) if job.image else None,
        steps=await _steps(bridge, kept),
        requirements=kept.requirements if kept else (),
        size=job.total_bytes,
        options=options,
        priority=job.priority,
        bandwidth_limit=job.bandwidth_limit,
        attempt=job.attempt + 1,
        retry_of=job.job_id,
    )
    if wish.total != job.total_bytes:
        raise refuse(
            Code.ILLEGAL_STATE,
            "The image was uploaded again since, compressed bytes to be flashed otherwise.",
            hint="Upload it as it is meant, and start a new job.",
        )
    return await _plan(bridge, device, wish)


async def _steps(
    bridge: BridgeState, plan: FlashPlan | None
) -> tuple[tuple[PlannedStep, StoredImage], ...]:
    steps = plan.partitions if plan else ()
    return tuple([(step, await bridge.images.get(step.image)) for step in steps])


async def _plan(
    bridge: BridgeState, device: Device, wish: _Wish, ignored: tuple[str, ...] = ()
) -> Plan:
    if not wish.images and not device.emulated:
        raise refuse(Code.IMAGE_REQUIRED)
    if device.online:  # else its slots may not be on record yet: the hub will see
        check_slot(device, wish.options.slot)
        check_whole(device, wish.options.slot, wish.written)
    for partition, slot, span in wish.spans():
        check_room(device, partition, slot, span)
    rollback = await plan_rollback(bridge, device, wish.options, wish.targets)
    now = bridge.now()

    def sign(image: StoredImage) -> str:
        return bridge.images.signature.sign(image.sha256, device.hub_id)

    order = StartOrder(
        order_id=mint_order_id(),
        job_id=mint_job_id(now),
        session=hub_of(bridge.fleet, device.hub_id).session,
        issued_at=now,
        device_id=device.device_id,
        device_name=wish.device_name,
        # What was good is good for this very one.
        serial=device.serial if rollback and rollback.steps else None,
        partition=wish.partition,
        total_bytes=wish.total,
        image=wish.image,
        query=sign(wish.image) if wish.image else None,
        steps=tuple(
            OrderStep(
                partition=step.partition,
                image=image,
                query=sign(image),
                slot=step.slot,
                method=step.method,
                before=step.before,
            )
            for step, image in wish.steps
        ),
        requirements=wish.requirements,
        options=wish.options,
        rollback=rollback,
        priority=wish.priority,
        bandwidth_limit=wish.bandwidth_limit,
        not_before=wish.not_before,
        wait_for_device=wish.options.wait_for_device or False,
        attempt=wish.attempt,
        retry_of=wish.retry_of,
        idempotency_key=wish.idempotency_key,
    )
    return Plan(device.hub_id, order, ignored)


def _options(request: StartRequest) -> StartOptions:
    """Keep what is not at its default, so that a retry can repeat it."""
    size = request.image_size
    return StartOptions(
        image_size=None if request.image or size == DEFAULT_SIZE else size,
        verify=None if request.verify == "image" else request.verify,
        slot=None if request.slot == "active" else request.slot,
        reboot=None if request.reboot else False,
        erase=request.erase or None,
        wipe=request.wipe or None,
        allow_dangerous=request.allow_dangerous or None,
        rollback=None if request.rollback == "none" else request.rollback,
        wait_for_device=request.wait_for_device or None,
    )


def _not_before(wanted: int | None, now: int) -> int | None:
    """Judge a time in Unix ms; None is at once, which no mistaken unit must ever mean."""
    if wanted is not None and abs(wanted - now) > MAX_AWAY:
        where = "ahead" if wanted > now else "ago"
        raise reject(
            Code.INVALID_REQUEST,
            "notBefore",
            f"is more than a year {where}; it is in milliseconds.",
        )
    return wanted if wanted is not None and wanted > now else None


def _agree(request: StartRequest, image: StoredImage) -> None:
    sizes = {None, image.size, image.expanded_size, image.content_size}
    if request.image_size not in sizes:
        raise reject(
            Code.INVALID_REQUEST,
            "imageSize",
            f"contradicts the image, which has {image.size} bytes; leave it out.",
        )
