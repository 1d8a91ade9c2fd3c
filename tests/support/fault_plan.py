"""One fault run as chance has it: an image, options, and what goes wrong. The same for a seed."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Any

from flashyard.contract.faults import Code
from flashyard.contract.orders import OrderStep
from flashyard.contract.records import StoredImage
from flashyard.flash.emulator.mischief import Kind, Mischief, Mishaps
from support.mishaps import KINDS, right_codes
from support.recorded_job import sparse_file
from support.sparse_images import UNTOUCHED, apply_sparse

_OCCURRENCES = {"getvar": 16, "erase": 1, "download": 4, "flash": 4, "set_active": 1, "reboot": 1}
# What nobody sends but a job: where it went wrong, a job cannot have ended well.
_OF_JOBS = frozenset(_OCCURRENCES) - {"getvar"}
_PASSING = {Code.LINK_LOST, Code.DEVICE_SILENT}
_LARGEST = 700_000


class Noted(Mishaps):
    """Remembers what went wrong; ``struck`` has the faults and which occurrence it was."""

    def __init__(self, ordered: tuple[Mischief, ...]) -> None:
        super().__init__(ordered)
        self.struck: list[tuple[Mischief, int]] = []

    def due(self, command: str) -> Mischief | None:
        mischief = super().due(command)
        if mischief is not None:
            self.struck.append((mischief, self._seen[command]))
        return mischief


def _raw(noise: random.Random) -> bytes:
    """Stretches of noise and of zeros, mostly no whole number of blocks."""
    out = bytearray()
    size = noise.choice([noise.randint(1, 5000), noise.randint(5000, _LARGEST)])
    while len(out) < size:
        length = noise.randint(1, 100_000)
        out += bytes(length) if noise.random() < 0.3 else noise.randbytes(length)
    return bytes(out[:size])


@dataclass(frozen=True)
class Write:
    """What is written to one partition."""

    partition: str
    content: bytes
    is_sparse: bool

    @property
    def image(self) -> StoredImage:
        """The image as an order names it."""
        size = wanted = len(self.content)
        if self.is_sparse:
            blocks, wanted = apply_sparse(self.content, bytearray())
            size = blocks * 4096
        return StoredImage(
            sha256=hashlib.sha256(self.content).hexdigest(),
            name="random.img",
            size=len(self.content),
            kind="sparse" if self.is_sparse else "raw",
            expanded_size=size,
            content_size=wanted,
            created_at=1_703_001_234_000,
        )

    @property
    def background(self) -> bytes:
        """What the partition holds before."""
        return bytes([UNTOUCHED]) * self.image.expanded_size

    def is_done(self, found: bytes, *, erased: bool) -> bool:
        """Is this what the partition must hold after a job that completed?"""
        if not self.is_sparse:
            return found[: len(self.content)] == self.content
        wanted = bytearray([0 if erased else UNTOUCHED]) * self.image.expanded_size
        apply_sparse(self.content, wanted)
        return found == bytes(wanted)

    def __str__(self) -> str:
        kind = "sparse" if self.is_sparse else "raw"
        return f"{kind} of {len(self.content)} to {self.partition}"


@dataclass(frozen=True)
class FaultPlan:
    """What is done to one device, and what is wrong with it meanwhile.

    ``cancel_after``: seconds until the job is cancelled, or None.
    """

    seed: int
    transport: str
    writes: tuple[Write, ...]
    slot: str | None
    options: dict[str, Any]
    faults: tuple[Mischief, ...]
    cancel_after: float | None

    @property
    def order(self) -> dict[str, Any]:
        """The fields of a start that orders it."""
        images = [write.image for write in self.writes]
        said: dict[str, Any] = {
            "options": self.options,
            "total_bytes": sum(image.content_size for image in images),
            "partition": self.writes[0].partition,
        }
        if len(images) == 1:
            return {**said, "image": images[0]}
        steps = (
            OrderStep(partition=write.partition, image=image, query="")
            for write, image in zip(self.writes, images, strict=True)
        )
        return {**said, "steps": tuple(steps)}

    def right_codes(self, mishaps: Noted, *, goes_on: bool = False) -> set[Code | None]:
        """The codes it may end with after what has happened, where it was not cancelled.

        ``goes_on``: after a link that broke; then it may end well after all.
        """
        codes: set[Code | None] = set()
        for mischief, nth in mishaps.struck:
            codes |= right_codes(self.transport, mischief.command, nth, mischief.kind)
            if (self.transport, mischief.command) == ("usb", "getvar"):
                codes.add(Code.DEVICE_SILENT)  # the first question of all, asked in vain again
            if mischief.command == "getvar":
                codes.add(None)  # somebody may have asked who was not the job
        if goes_on and codes & _PASSING:
            return codes | {None}
        if any(mischief.command in _OF_JOBS for mischief, _ in mishaps.struck):
            return codes - {None}
        return codes or {None}

    def __str__(self) -> str:
        faults = ", ".join(
            f"{one.command}:{one.nth or 'every'}={one.kind}@{one.cut_after}" for one in self.faults
        )
        return (
            f"seed {self.seed}: {', '.join(map(str, self.writes))} over {self.transport}, "
            f"{self.options}, {faults}, cancelled after {self.cancel_after}"
        )


def random_plan(seed: int, transport: str, *, has_slots: bool) -> FaultPlan:
    noise = random.Random(seed)
    partitions = noise.choice([("system",), ("system",), ("vendor", "system")])
    slot = noise.choice([None, "a", "b"]) if has_slots else None
    options: dict[str, Any] = {
        "slot": slot,
        "erase": noise.choice([True, None]),
        "reboot": noise.choice([False, None]),
    }
    return FaultPlan(
        seed,
        transport,
        tuple(_write(noise, partition) for partition in partitions),
        slot,
        {name: value for name, value in options.items() if value is not None},
        tuple(_fault(noise) for _ in range(noise.choice([0, 1, 1, 1, 1, 2]))),
        noise.choice([None, None, None, noise.random() * 0.3]),
    )


def _write(noise: random.Random, partition: str) -> Write:
    is_sparse = noise.random() < 0.5
    seed, chunks = noise.randrange(1 << 30), noise.randint(1, 25)
    return Write(partition, sparse_file(seed, chunks) if is_sparse else _raw(noise), is_sparse)


def _fault(noise: random.Random) -> Mischief:
    command = noise.choice([*_OCCURRENCES, "download", "flash"])
    nth = noise.choice([1, 1, None, noise.randint(1, _OCCURRENCES[command])])
    if command == "getvar" and nth is None:
        nth = noise.randint(1, 16)  # or it would not be there to be flashed
    kind = Kind(noise.choice(KINDS))
    return Mischief(command, kind, nth, noise.choice([0, 1, 20_000, 200_000]))
