"""What makes two jobs alike: what is flashed and how, onto which product, at which port. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from flashyard.contract.expected import Ground
from flashyard.contract.history import JobRecord, PastJob
from flashyard.contract.records import Device, Job, StartOptions

_NOTHING_SPECIAL = StartOptions()


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a job has in common with others like it.

    Attributes:
        what: a digest of the images, where they go, and how.
        manner: a digest of how alone: what is done beside writing. An emulated device is another
            matter than a real one.
        product: as the device tells it; None: it does not.
        place: the port, and the hub that has it.
    """

    what: str
    manner: str
    product: str | None
    place: str

    @property
    def key(self) -> str:
        """All of it in one word."""
        return _digest(self.what, self.product, self.place)


class Likeness(NamedTuple):
    """In what other jobs are like this one; ``same``: columns that are equal, by name."""

    grounds: tuple[Ground, ...]
    same: tuple[tuple[str, str], ...]


def likenesses(occasion: Occasion) -> Iterator[Likeness]:
    """Yield the ways in which others may be like it, the closest first."""
    what, manner = ("what", occasion.what), ("manner", occasion.manner)
    place = ("place", occasion.place)
    if occasion.product is None:
        yield Likeness(("image", "port"), (("key", occasion.key),))
        yield Likeness(("image",), (what,))
        return
    product = ("product", occasion.product)
    yield Likeness(("image", "product", "port"), (("key", occasion.key),))
    yield Likeness(("image", "product"), (what, product))
    yield Likeness(("image",), (what,))
    yield Likeness(("product", "port"), (manner, product, place))
    yield Likeness(("product",), (manner, product))


def occasion_of_record(record: JobRecord) -> Occasion:
    """Tell a finished job's."""
    return _occasion(record.job, record.product, record.port, emulated=record.emulated)


def occasion_of_past(past: PastJob) -> Occasion:
    """Tell that of a job in the history."""
    return _occasion(past, past.product, past.port, emulated=past.emulated)


def occasion_at(job: Job, device: Device) -> Occasion:
    """Tell that of a job that a device has before it, or under way."""
    return _occasion(job, device.product, device.port, emulated=device.emulated)


def _occasion(
    job: Job, product: str | None, port: str | None, *, emulated: bool | None
) -> Occasion:
    options = job.options or _NOTHING_SPECIAL
    many = options.plan or len(job.steps) > 1
    manner = _digest(
        options.verify,
        options.erase,
        options.wipe,
        options.reboot,
        "many" if many else "one",
        "emulated" if emulated else "real",
    )
    return Occasion(
        what=_digest(manner, *_written(job, options)),
        manner=manner,
        product=product,
        place=f"{job.hub_id} {port}",
    )


def _written(job: Job, options: StartOptions) -> tuple[object, ...]:
    """Name what is written where; of a job that waits its plan alone is known."""
    if options.plan is not None:
        return (options.plan,)
    if len(job.steps) > 1:
        return tuple(word for step in job.steps for word in (step.partition, step.image))
    # Without an image, as many bytes of no meaning as it says.
    return (job.partition, job.image.sha256 if job.image else job.total_bytes)


def _digest(*words: object) -> str:
    return blake2b(repr(words).encode(), digest_size=16).hexdigest()
