"""From a wish to an order: which device, which bytes, and whether they fit. Sends nothing."""

from __future__ import annotations

from dataclasses import dataclass

from flashyard.contract.faults import Code, refuse
from flashyard.contract.orders import StartOrder
from flashyard.contract.records import Device, Job, StartOptions, StoredImage
from flashyard_bridge.choice import hub_of, online_device
from flashyard_bridge.errors import reject
from flashyard_bridge.orders import mint_job_id, mint_order_id
from flashyard_bridge.rest.request import DEFAULT_PARTITION, DEFAULT_SIZE, StartRequest
from flashyard_bridge.state import BridgeState


@dataclass(frozen=True, slots=True)
class Plan:
    """An order, the hub it is for, and the request's fields that mean nothing to us."""

    hub_id: str
    order: StartOrder
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a start and a retry have in common. ``size``: bytes to generate without an image."""

    device_name: str | None
    partition: str
    image: StoredImage | None
    size: int
    options: StartOptions
    attempt: int = 1
    retry_of: str | None = None
    idempotency_key: str | None = None


async def plan_start(bridge: BridgeState, request: StartRequest) -> Plan:
    """Plan what a request asks for.

    Raises:
        FaultError: the device is not to be had, or the bytes are not right for it.
    """
    device = online_device(bridge.fleet, request.device_id, request.hub_id)
    image = await bridge.images.get(request.image) if request.image else None
    if image is not None:
        _agree(request, image)
        if request.partition is None:
            raise refuse(Code.PARTITION_REQUIRED)
    wish = _Wish(
        device_name=request.device_name or None,
        partition=request.partition or DEFAULT_PARTITION,
        image=image,
        size=request.image_size or DEFAULT_SIZE,
        options=_options(request),
        idempotency_key=request.idempotency_key,
    )
    return _plan(bridge, device, wish, tuple(request.ignored))


async def plan_retry(bridge: BridgeState, job: Job) -> Plan:
    """Plan a job once more, as it was asked for.

    Raises:
        FaultError: `illegal_state` unless it has ended, and where its image would not put the
            same bytes there; else as for a start.
    """
    if not job.is_final:
        sentence = f"The job {job.job_id} has not ended."
        raise refuse(Code.ILLEGAL_STATE, sentence, hint="Cancel it first.")
    device = online_device(bridge.fleet, job.device_id, job.hub_id)
    image = await bridge.images.get(job.image.sha256) if job.image else None
    if image is not None and len(job.steps) <= 1 and image.content_size != job.total_bytes:
        raise refuse(
            Code.ILLEGAL_STATE,
            "The image was uploaded again since, compressed bytes to be flashed otherwise.",
            hint="Upload it as it is meant, and start a new job.",
        )
    wish = _Wish(
        device_name=job.device_name,
        partition=job.partition,
        image=image,
        size=job.total_bytes,
        options=job.options or StartOptions(),
        attempt=job.attempt + 1,
        retry_of=job.job_id,
    )
    return _plan(bridge, device, wish)


def _plan(bridge: BridgeState, device: Device, wish: _Wish, ignored: tuple[str, ...] = ()) -> Plan:
    image = wish.image
    if image is None and not device.emulated:
        raise refuse(Code.IMAGE_REQUIRED)
    slot = wish.options.slot
    if slot is not None and slot not in device.slots:
        raise reject(Code.INVALID_REQUEST, "slot", f"is not one of {device.device_id}'s slots.")
    _fit(device, wish)
    now = bridge.now()
    order = StartOrder(
        order_id=mint_order_id(),
        job_id=mint_job_id(now),
        session=hub_of(bridge.fleet, device.hub_id).session,
        issued_at=now,
        device_id=device.device_id,
        device_name=wish.device_name,
        partition=wish.partition,
        total_bytes=wish.size if image is None else image.content_size,
        image=image,
        query=bridge.images.signature.sign(image.sha256, device.hub_id) if image else None,
        options=wish.options,
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
        slot=request.slot if request.slot in {"a", "b"} else None,
        reboot=None if request.reboot else False,
        erase=request.erase or None,
    )


def _agree(request: StartRequest, image: StoredImage) -> None:
    sizes = {None, image.size, image.expanded_size, image.content_size}
    if request.image_size not in sizes:
        raise reject(
            Code.INVALID_REQUEST,
            "imageSize",
            f"contradicts the image, which has {image.size} bytes; leave it out.",
        )


def _fit(device: Device, wish: _Wish) -> None:
    """Refuse what the device's own record shows to be too large; else the hub finds out."""
    room = _room(device, wish.partition, wish.options.slot or device.current_slot)
    span = wish.size if wish.image is None else wish.image.expanded_size
    if room is not None and span > room:
        raise refuse(
            Code.IMAGE_TOO_LARGE,
            f"{span} bytes do not fit into {wish.partition}, which has {room}.",
        )


def _room(device: Device, partition: str, slot: str | None) -> int | None:
    sizes = device.partitions or {}
    slotted = sizes.get(f"{partition}_{slot}") if slot else None
    return sizes.get(partition) if slotted is None else slotted
