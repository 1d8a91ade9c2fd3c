"""A year of a busy site: a record of each job that ended, drawn from a seed, the oldest first.

500 devices on 8 hubs, 40 images for 6 partitions, 4 % of the jobs failed. It stores nothing.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord, Mishap, Span
from flashyard.contract.phases import Phase, Status, Verification
from flashyard.contract.records import ImageRef, Job, LogLine, StepRecord
from flashyard.contract.requester import Requester
from flashyard_bridge.history.past import Past

DAY = 24 * 3600 * 1000  # ms
SPAN = 360 * DAY
DEVICES = 500
HUBS = 8
PARTITIONS = ("boot", "system", "vendor", "product", "recovery", "userdata")
RARE = "quasar"  # in the error of one job in so many:
RARE_IN = 50_000
COMMON = "oriole"  # in the names of an eighth of images and devices
_IMAGES = 40
_PRODUCTS = ("oriole", "raven", "bluejay", "panther", "lynx", "tangor", "felix", "husky")
_MIB = 1 << 20
_FAULTS = {  # how often of a hundred, and what is said of it
    Code.DEVICE_REFUSED: (30, "The device refused it: FAILed at block {n}."),
    Code.USB_UNPLUGGED: (25, "The cable was unplugged after {n} bytes."),
    Code.LINK_LOST: (15, "The connection to the device broke after {n} bytes."),
    Code.TIMED_OUT: (10, "The device took no more than {n} bytes within its time."),
    Code.VERIFY_MISMATCH: (8, "What was read back differs from the image at byte {n}."),
    Code.DEVICE_SILENT: (7, "The device has not answered for 15 s at {n} bytes."),
    Code.BATTERY_LOW: (5, "The battery has 3{d}00 mV, which is too little."),
}
_FAILED = 0.04
_CANCELLED = 0.01
_LOGGED = 0.1  # of those that went well; of the others all
_PHASES = (
    *(Phase.PREPARING, Phase.IDENTIFYING, Phase.WRITING),
    *(Phase.VERIFYING, Phase.ACTIVATING, Phase.FINISHING),
)
_SHARES = (0.05, 0.02, 0.7, 0.15, 0.05, 0.03)  # of a job's time


class _Device(NamedTuple):
    """One of them, where it is plugged in, and who has it flashed."""

    device_id: str
    name: str
    hub_id: str
    port: str
    product: str
    asked_by: Requester


def year(jobs: int, until: int, seed: str = "a year") -> Iterator[Past]:
    """Tell what so many jobs came to over the 360 days before ``until``, Unix ms."""
    noise = Random(seed)
    devices = [_device(number) for number in range(DEVICES)]
    images = [_image(number) for number in range(_IMAGES)]
    popular = list(itertools.accumulate(1 / (rank + 3) for rank in range(_IMAGES)))
    for number in range(jobs):
        at = until - SPAN + SPAN * number // jobs + noise.randrange(60_000)
        image = noise.choices(images, cum_weights=popular)[0]
        yield _past(noise, number, at, noise.choice(devices), image)


def device_id(number: int) -> str:
    """The id of one of the devices."""
    return f"R5CT{number:03d}{number * 7919 % 9973:04d}X"


def image_sha256(number: int) -> str:
    """The digest of one of the images."""
    return hashlib.sha256(b"%d" % number).hexdigest()


def _device(number: int) -> _Device:
    hub = number % HUBS
    product = _PRODUCTS[number // 7 % len(_PRODUCTS)]
    where = f"usb:pci-0000:00:14.0-usb-0:1.{number // HUBS % 16 + 1}"
    who = Requester(identity=f"station-{number % 20}", address="10.0.0.7", agent="flashyard/1.0")
    name = f"{product.title()} {number:03d}"
    return _Device(device_id(number), name, f"hub-{hub}", where, product, who)


def _image(number: int) -> ImageRef:
    product, partition = _PRODUCTS[number % 8], PARTITIONS[number % len(PARTITIONS)]
    name = f"{product}-{partition}-2026.{number // 8 + 1:02d}.img"
    return ImageRef(sha256=image_sha256(number), name=name, size=(number + 1) * 37 * _MIB)


def _past(noise: Random, number: int, at: int, device: _Device, image: ImageRef) -> Past:
    job_id = f"job_{at // 1000:010d}_{number:08d}"
    is_rare = number % RARE_IN == RARE_IN // 2
    ends = 0.0 if is_rare else noise.random()
    took = round(noise.lognormvariate(11.0, 0.6))  # ms; a minute in the middle
    if ends < _FAILED:
        status, phase = Status.FAILED, Phase.FAILED
    elif ends < _FAILED + _CANCELLED:
        status, phase = Status.CANCELLED, Phase.CANCELLED
    else:
        status, phase = Status.COMPLETED, Phase.COMPLETED
    share = 1.0 if status is Status.COMPLETED else noise.random()
    took = max(round(took * share), 1)
    written = round(image.size * share)
    code, error = _fault(noise, status, written, RARE if is_rare else "")
    steps = _steps(noise, image, status, written)
    job = Job(
        job_id=job_id,
        device_id=device.device_id,
        device_name=device.name,
        hub_id=device.hub_id,
        partition=steps[0].partition,
        steps=steps,
        status=status,
        phase=phase,
        stage=phase.value.title(),
        progress=int(share * 1000) / 10,
        bytes_transferred=written,
        total_bytes=image.size,
        average_speed=written * 1000 // took,
        queued_at=at - took - noise.randrange(30_000),
        started_at=at - took,
        finished_at=at,
        image=image,
        verification=Verification.IMAGE,
        error=error,
        code=code,
    )
    is_logged = code is not None or noise.random() < _LOGGED
    spans = _spans(at - took, took, job.partition)
    record = JobRecord(
        job_id=job_id,
        device_id=device.device_id,
        hub_id=device.hub_id,
        timestamp=at,
        seq=9,
        job=job,
        port=device.port,
        serial=device.device_id,
        product=device.product,
        version="1.0",
        asked_by=device.asked_by,
        spans=spans,
        mishaps=_mishaps(at, code, error),
        log=_log(noise, at - took, took) if is_logged else (),
    )
    return Past(record, "hub", at + noise.randrange(2_000))


def _fault(
    noise: Random, status: Status, written: int, rare: str
) -> tuple[Code | None, str | None]:
    if status is Status.COMPLETED:
        return None, None
    if status is Status.CANCELLED:
        return Code.CANCELLED, "The job was cancelled."
    weights = [often for often, _ in _FAULTS.values()]
    code = noise.choices(list(_FAULTS), weights)[0]
    said = _FAULTS[code][1].format(n=written, d=noise.randrange(10))
    return code, f"{said} {rare}".rstrip()


def _steps(noise: Random, image: ImageRef, status: Status, written: int) -> tuple[StepRecord, ...]:
    count = 3 if noise.random() < 0.1 else 1
    first = noise.randrange(len(PARTITIONS))
    names = [PARTITIONS[(first + n) % len(PARTITIONS)] for n in range(count)]
    return tuple(
        StepRecord(partition=name, status=status, bytes=written // count, image=image.sha256)
        for name in names
    )


def _spans(at: int, took: int, partition: str) -> tuple[Span, ...]:
    spans = []
    for phase, share in zip(_PHASES, _SHARES, strict=True):
        length = round(took * share)
        spans.append(Span(phase=phase, partition=partition, at=at, duration_ms=length))
        at += length
    return tuple(spans)


def _mishaps(at: int, code: Code | None, error: str | None) -> tuple[Mishap, ...]:
    if code is None or error is None:
        return ()
    return (Mishap(at=at, phase=Phase.WRITING, code=code, error=error),)


def _log(noise: Random, at: int, took: int) -> tuple[LogLine, ...]:
    count = noise.randrange(5, 40)
    return tuple(
        LogLine(
            at=at + took * number // count,
            text=f"(bootloader) wrote block {noise.randrange(1 << 20)} of chunk {number}",
        )
        for number in range(count)
    )
