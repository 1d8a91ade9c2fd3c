"""What is asked for one job, drawn from the seed: images, options, and what is done to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

from chaos.cargo import MIB


class Fate(StrEnum):
    """What is done to a job beside starting it."""

    NOTHING = "nothing"
    PAUSED = "paused"  # while it runs, and resumed after a kill
    HELD = "held"  # paused at once, so mostly while it is queued, and resumed after a kill
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Errand:
    """One job to be.

    Attributes:
        name: of the job, and what its partitions are called after.
        device: which it is for.
        images: the names of the images of its steps; none: bytes are made.
        size: of what is made.
        fate: what is done to it.
        after: seconds until that is done.
        options: more of what is asked.
    """

    name: str
    device: str
    images: tuple[str, ...]
    size: int
    fate: Fate
    after: float
    options: dict[str, Any]

    @property
    def partitions(self) -> tuple[str, ...]:
        """What is written, in order."""
        if len(self.images) < 2:
            return (self.name,)
        return tuple(f"{self.name}.{number}" for number in range(len(self.images)))

    def body(self, stored: dict[str, str]) -> dict[str, Any]:
        """What is sent to start it; ``stored``: SHA-256 by an image's name."""
        body: dict[str, Any] = {"deviceId": self.device, "idempotencyKey": self.name}
        if not self.images:
            body |= {"partition": self.name, "imageSize": self.size}
        elif len(self.images) == 1:
            body |= {"partition": self.name, "image": stored[self.images[0]]}
        else:
            pairs = zip(self.partitions, self.images, strict=True)
            body["partitions"] = [
                {"partition": partition, "image": stored[image]} for partition, image in pairs
            ]
        return body | self.options


def errands(
    seed: str, count: int, devices: Sequence[str], images: Sequence[str], mib: int
) -> list[Errand]:
    """Draw so many; what is made has up to ``mib`` MiB."""
    noise = Random(f"{seed}:errands")
    fates = [Fate.NOTHING] * 5 + [Fate.PAUSED] * 2 + [Fate.HELD, Fate.CANCELLED]
    drawn = []
    for number in range(count):
        many = noise.choice([0, 0, 1, 1, 1, 2, 3])
        options: dict[str, Any] = {}
        if noise.random() < 0.2:
            options["priority"] = noise.choice([0, 4, 6, 9])
        if noise.random() < 0.3:
            options["reboot"] = False
        drawn.append(
            Errand(
                name=f"j{number}",
                device=devices[number % len(devices)],
                images=tuple(noise.choice(images) for _ in range(many)),
                size=noise.randrange(MIB // 4, mib * MIB),
                fate=noise.choice(fates),
                after=noise.uniform(0.05, 2.0),
                options=options,
            )
        )
    return drawn
