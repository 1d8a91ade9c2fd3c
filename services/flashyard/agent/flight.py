"""One job carried out: its bytes made ready, the writer in a thread, the sampler beside it.

It tells all but the end, which is for whoever sees how the flight went.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import NamedTuple

from flashyard.agent.cache import ImageCache
from flashyard.agent.line import Line
from flashyard.agent.sampler import Sampler, Word
from flashyard.agent.story import Story
from flashyard.agent.timing import Timing
from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.phases import Phase
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.target import AnyAddress, FastbootTarget
from flashyard.flash.generated import Generated
from flashyard.flash.image import Image
from flashyard.flash.recipe import Recipe, Step
from flashyard.flash.run import Run
from flashyard.flash.source import Source
from flashyard.flash.writer import write


class Device(NamedTuple):
    """The device a flight goes to; ``serial`` is its own, where known."""

    address: AnyAddress
    serial: str | None
    limits: Limits


class Flight:
    """One job in the air.

    Args:
        story: of the job, started.
        run: where it is counted.
        sampler: of that run.
        cache: where its image comes from.
        line: to the device.
        timing: how often the run is looked at, and how long its thread may take to let go.
        part_size: the most bytes the device is sent before it writes them.
        reboot: restart the device at the end, unless another job follows.
    """

    def __init__(
        self,
        story: Story,
        run: Run,
        sampler: Sampler,
        *,
        cache: ImageCache,
        line: Line,
        timing: Timing,
        part_size: int,
        reboot: bool,
    ) -> None:
        self.reboot = reboot
        self.story = story
        self.run = run
        self._sampler = sampler
        self._cache = cache
        self._line = line
        self._timing = timing
        self._part_size = part_size
        self._is_preparing = True

    @property
    def has_restarted(self) -> bool:
        """Was the device restarted, once the flight is over?"""
        return self.reboot and not self.run.restart_left

    async def fly(self, device: Device) -> None:
        """Carry the job out; returning means that the device acknowledged all of it.

        However it ends, the writer's thread has ended or been told to; one that does not let go
        in time keeps the line.

        Raises:
            FaultError: what the writer and the cache raise; `cancelled` at a safe point.
        """
        work = asyncio.create_task(self._carry_out(device), name=f"flight {self.story.job.job_id}")
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=self._timing.look_at_run)
                self._look(work)
        finally:
            if not work.done():
                self.run.cancel()
                work.cancel()
                await asyncio.wait({work})
        if work.cancelled():
            raise refuse(Code.CANCELLED)
        work.result()

    def _look(self, work: asyncio.Task[None]) -> None:
        if self._is_preparing and not work.done():
            self._look_at_preparation(work)
        look = self._sampler.look()
        for where, reading in look.passed:
            self.story.note(self.run, where, reading)
            self.story.turned(where.at)
        self.story.note(self.run, look.where, look.reading)
        self.story.tell_log()
        if look.word is Word.EVENT:
            self.story.turned()
        elif look.word is Word.SAMPLE:
            self.story.sampled()

    def _look_at_preparation(self, work: asyncio.Task[None]) -> None:
        """Until the writer runs, the stage is told and a cancel obeyed here."""
        image = self.story.order.image
        stage = self._cache.stage(image.sha256) if image else None
        try:
            if stage is not None and stage != self.run.where.stage:
                self.run.enter(Phase.PREPARING, stage)
            self.run.safe_point()
        except FaultError:
            work.cancel()

    async def _carry_out(self, device: Device) -> None:
        async with self._source() as opened:
            self._is_preparing = False
            burn = partial(self._burn, opened, device)
            name = f"write {self.story.job.device_id}"
            await self._line.talk(burn, name, self._timing.let_go)

    @asynccontextmanager
    async def _source(self) -> AsyncIterator[AbstractContextManager[Source]]:
        order = self.story.order
        if order.image is None:
            yield nullcontext(Generated(order.job_id, order.total_bytes))
        else:
            async with self._cache.held(order.image, order.query) as path:
                yield Image(path)

    def _burn(self, opened: AbstractContextManager[Source], device: Device) -> None:
        """Do the blocking part, in the writer's thread: an image is not shared by threads."""
        order = self.story.order
        with opened as source:
            if source.content_size != order.total_bytes:
                raise refuse(
                    Code.IMAGE_CORRUPT,
                    "The image has not as much content as the order says.",
                    details=f"{source.content_size} bytes, not {order.total_bytes}",
                )
            recipe = Recipe(
                steps=(Step(order.partition, source),),
                serial=device.serial,
                erase=bool(order.options.erase),
                slot=order.options.slot or "active",
                reboot=self.reboot,
                part_size=self._part_size,
                hash_checked=order.image is not None and order.options.verify != "none",
                generated=order.image is None,
                read_back=order.options.verify == "readback",
            )
            write(
                lambda tell: FastbootTarget.open(device.address, tell, device.limits),
                recipe,
                self.run,
            )
