"""A job as a recording's header names it, done again on whatever transport there is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from flashyard.contract.faults import FaultError
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.fastboot.transport import Transport
from flashyard.flash.images.generated import Generated
from flashyard.flash.images.image import Image
from flashyard.flash.recordings.transcript import Act, Transcript
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from flashyard.flash.source import PART_SIZE, Buffers, Kind, Part, Source
from support.sparse_images import DONT_CARE, FILL, RAW, Piece, build

COMPLETED = "completed"
_LOOK = "look"
_OPTIONS = ("serial", "erase", "slot", "reboot", "part_size")


@dataclass
class Recorded:
    """Parts of the sizes that a recording has, of zeros: where nobody knows the image."""

    sizes: list[int]
    kind: Kind = Kind.RAW
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = self.expanded_size = self.content_size = sum(self.sizes)

    def count(self, limit: int, **_: int) -> int:
        return sum(1 for _ in self.parts(limit))

    def parts(self, limit: int, **_: int) -> Iterator[Part]:
        assert max(self.sizes) <= limit
        for size in self.sizes:
            yield Part(size, size, sparse=False, buffers=partial(_zeros, size))


def _zeros(size: int) -> Buffers:
    for start in range(0, size, 1 << 20):
        piece = bytes(min(1 << 20, size - start))
        yield piece, len(piece)


class Counted:
    """A source that tells how many buffers of it were asked for, before each."""

    def __init__(self, source: Source, asked: Callable[[int], None]) -> None:
        self._source = source
        self._asked = asked
        self._count = 0
        self.kind = source.kind
        self.size = source.size
        self.expanded_size = source.expanded_size
        self.content_size = source.content_size

    def count(self, limit: int, **sizes: int) -> int | None:
        return self._source.count(limit, **sizes)

    def parts(self, limit: int, **sizes: int) -> Iterator[Part]:
        for part in self._source.parts(limit, **sizes):
            yield replace(part, buffers=partial(self._buffers, part))

    def _buffers(self, part: Part) -> Buffers:
        for buffer in part.buffers():
            self._asked(self._count)
            self._count += 1
            yield buffer


def sparse_file(seed: int, count: int) -> bytes:
    """A sparse image of so many chunks: data, fills and gaps of 1 to 20 blocks."""
    noise = random.Random(seed)
    pieces = []
    for _ in range(count):
        kind, blocks = noise.choice([RAW, RAW, FILL, DONT_CARE]), noise.randint(1, 20)
        length = {RAW: blocks * 4096, FILL: 4, DONT_CARE: 0}[kind]
        pieces.append(Piece(kind, blocks, noise.randbytes(length)))
    return build(4096, pieces)


def source_of(job: Mapping[str, Any], directory: Path, closing: ExitStack) -> Source:
    """Make the image again that a job names."""
    match job["image"]:
        case {"generated": seed, "size": size}:
            return Generated(seed, size)
        case {"sparse": seed, "chunks": count}:
            path = directory / "image"
            path.write_bytes(sparse_file(seed, count))
            return closing.enter_context(Image(path))
        case other:
            raise AssertionError(f"nobody knows how to make {other}")


def do(
    job: Mapping[str, Any],
    opener: Callable[[Callable[[str], None]], FastbootTarget],
    directory: Path,
    source: Source | None = None,
) -> tuple[str, Run]:
    """Do a job; tell how it ended, as a header does. An empty one is a look."""
    run = Run((job.get("partition", _LOOK),))
    with ExitStack() as closing:
        try:
            if not job:
                with opener(run.lines.add) as target:
                    target.describe()
                return COMPLETED, run
            source = source or source_of(job, directory, closing)
            if "cancel_at" in job:
                source = Counted(source, partial(_cancel_at, job["cancel_at"], run))
            options = {name: job[name] for name in _OPTIONS if name in job}
            recipe = Recipe(steps=(Step(job["partition"], source),), **options)
            write(opener, recipe, run)
        except FaultError as error:
            return error.fault.code.value, run
    return COMPLETED, run


def _cancel_at(number: int, run: Run, asked: int) -> None:
    if asked == number:
        run.cancel()


def limits_of(transcript: Transcript) -> Limits:
    """The deadlines as they were, as far as they still have these names."""
    known = Limits.__dataclass_fields__
    told: dict[str, Any] = {n: value for n, value in transcript.limits.items() if n in known}
    return Limits(**told)


def job_of(transcript: Transcript) -> tuple[Mapping[str, Any], Source | None]:
    """Tell what was done; where the header does not, from the commands, with a source that fits."""
    if transcript.job is not None:
        return transcript.job, None
    sent = [(call.packet or b"").decode() for call in transcript.calls if call.act is Act.SEND]
    flashed = [command.removeprefix("flash:") for command in sent if command.startswith("flash:")]
    sizes = [call.size for call in transcript.calls if call.act is Act.OPEN]
    if not flashed:
        return {}, None
    job = {
        "partition": _bare(flashed[0], sent),
        "erase": any(command.startswith("erase:") for command in sent),
        "reboot": "reboot" in sent,
        "part_size": max(PART_SIZE, *sizes),
    }
    return job, Recorded(sizes)


def _bare(name: str, sent: list[str]) -> str:
    asked = [each.removeprefix("has-slot:") for each in _asked(sent)]
    return next((each for each in asked if each in {name, name[:-2]}), name)


def _asked(sent: list[str]) -> Iterator[str]:
    for command in sent:
        if command.startswith("getvar:has-slot:"):
            yield command.removeprefix("getvar:")


def opener_on(
    transport: Transport, limits: Limits
) -> Callable[[Callable[[str], None]], FastbootTarget]:
    return lambda tell: FastbootTarget(transport, tell, limits)
