"""One job carried out: its bytes made ready, the writer in a thread, the sampler beside it.

It tells all but the end, which is for whoever sees how the flight went.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from flashyard.agent.cache import ImageCache
from flashyard.agent.line import Line
from flashyard.agent.recovery.stall import Stall, signs_of
from flashyard.agent.recovery.supply import Supply
from flashyard.agent.sampler import Sampler, Word
from flashyard.agent.story import Story
from flashyard.agent.timing import Timing
from flashyard.contract.faults import Code, Fault, FaultError, refuse
from flashyard.contract.orders import OrderStep, RollbackPlan
from flashyard.contract.phases import Phase
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.whereabouts import look
from flashyard.flash.images.generated import Generated
from flashyard.flash.images.image import Image
from flashyard.flash.images.window import unreadable
from flashyard.flash.opening import DeviceAddress, open_target
from flashyard.flash.running.contact import Patience
from flashyard.flash.running.recipe import Recipe, Step, WayBack
from flashyard.flash.running.retreat import go_back, is_due
from flashyard.flash.running.run import PausedError, Run, Where
from flashyard.flash.running.writer import write
from flashyard.flash.throttle.part_size import part_size

# What a file is refused with, and no device: those that talk to one tell all of its troubles.
_UNREADABLE = frozenset({errno.EIO, errno.ENOENT, errno.EACCES, errno.ESTALE})


class Device(NamedTuple):
    """The device a flight goes to; ``serial`` is its own, where known."""

    address: DeviceAddress
    serial: str | None
    limits: Limits


class Flight:
    """One job in the air.

    Args:
        story: of the job, started.
        run: where it is counted.
        sampler: of that run.
        cache: where its image is.
        supply: where it comes from.
        stall: notices when nothing comes from the device.
        line: to the device.
        timing: how often the run is looked at, and how long its thread may take to let go.
        part_size: the most bytes the device is sent before it writes them.
        denied: patterns of partitions that are written only where the job allows it.
        boot_timeout: seconds the device has to be seen to start, where the job is to see that.
        reboot: restart the device at the end, unless another job follows.
        hold_off: seconds to wait first, where the flight before this one broke.
    """

    def __init__(
        self,
        story: Story,
        run: Run,
        sampler: Sampler,
        *,
        cache: ImageCache,
        supply: Supply,
        stall: Stall,
        line: Line,
        timing: Timing,
        part_size: int,
        denied: tuple[str, ...],
        boot_timeout: float,
        reboot: bool,
        hold_off: float = 0.0,
    ) -> None:
        self.reboot = reboot
        self.story = story
        self.run = run
        self._sampler = sampler
        self._cache = cache
        self._supply = supply
        self._stall = stall
        self._silence: str | None = None  # as it was told
        self._line = line
        self._timing = timing
        self._part_size = part_size
        self._denied = denied
        self._patience = Patience(boot=boot_timeout, find=timing.look_for)
        self._hold_off = hold_off
        self._is_preparing = True

    @property
    def has_restarted(self) -> bool:
        """Was the device restarted, once the flight is over?"""
        return self.reboot and not self.run.restart_left

    def met(self, why: Fault) -> None:
        """Have it be on record that this broke the flight; not what had broken an earlier one."""
        if self.story.doom is None:
            self.story.course.met(why, self.run.where.phase)

    async def fly(self, device: Device) -> None:
        """Carry the job out; returning means that the device acknowledged all of it.

        However it ends, the writer's thread has ended or been told to; one that does not let go
        in time keeps the line.

        Raises:
            FaultError: at once where the job is over but for its way back; what the writer and
                the cache raise; `cancelled` at a safe point;
                `timed_out`: nothing came from the device for too long.
            PausedError: at a safe point; the run's mark is where it stands.
        """
        if self.story.doom is not None:
            raise FaultError(self.story.doom)
        await self._see_through(self._carry_out(device))

    async def go_back(self, device: Device, why: Fault) -> bool:
        """Take the way back of a job that ends so; ``run.rollback`` says what came of it.

        False: it has none, or there is nothing to go back from.
        """
        plan = self.story.order.rollback
        if plan is None or not is_due(plan.kind, self.run.mark, why):
            return False
        self.run.rollback = "not_possible"
        if self._line.is_stuck:
            return True
        self.run.lines.add(f"{why.sentence} {why.details or ''}".strip())
        self._is_preparing = False
        try:
            await self._see_through(self._return(device, plan))
        except FaultError as broken:
            self.run.lines.add(f"The way back failed: {broken}")
            self.story.course.met(broken.fault, self.run.where.phase)
            self.run.rollback = "failed"
        return True

    async def _see_through(self, doing: Coroutine[Any, Any, None]) -> None:
        """Tell of what is done for as long as it lasts; raise what it raises."""
        work = asyncio.create_task(doing, name=f"flight {self.story.job.job_id}")
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=self._timing.look_at_run)
                self._look(work)
                self._check_silence(work)
        finally:
            if not work.done():
                self.run.cancel()
                work.cancel()
                await asyncio.wait({work})
        if work.cancelled():
            self.run.breaking_point()
            raise PausedError  # also where it was to go on by then: it does, from its mark
        try:
            work.result()
        except FaultError as broken:
            raise FaultError(self._stall.verdict(broken.fault)) from broken

    def _check_silence(self, work: asyncio.Task[None]) -> None:
        """Give up a run that has been silent for too long, also one whose thread hangs."""
        silence = self._stall.silence
        if silence is not None and silence.is_too_long and not work.done():
            raise refuse(Code.TIMED_OUT, f"{silence.words}.")

    def _look(self, work: asyncio.Task[None]) -> None:
        if self._is_preparing and not work.done():
            self._look_at_preparation(work)
        look = self._sampler.look()
        for where, reading in look.passed:
            self.story.note(self.run, where, reading)
            self.story.turned(where.at)
        where, silence = look.where, self._told_silence(look.where)
        if silence is not None:
            where = where._replace(stage=silence)
        self.story.note(self.run, where, look.reading)
        self.story.tell_log()
        if look.word is Word.EVENT or silence != self._silence:
            self._silence = silence
            self.story.turned()
        elif look.word is Word.SAMPLE:
            self.story.sampled()

    def _told_silence(self, where: Where) -> str | None:
        """What is said instead of the stage while nothing comes."""
        fetched = sum(self._cache.went(step.image.sha256) for step in self.story.order.fetched)
        is_between = self._is_preparing and self._making is None  # two attempts
        waits = is_between or self.run.is_throttled
        silence = self._stall.look(where.phase, signs_of(self.run, fetched), waits=waits)
        return silence and silence.words

    @property
    def _making(self) -> str | None:
        """What is being done to get an image ready, for people; None: nothing."""
        stages = (self._cache.stage(step.image.sha256) for step in self.story.order.fetched)
        return next(filter(None, stages), None)

    def _look_at_preparation(self, work: asyncio.Task[None]) -> None:
        """Until the writer runs, the stage is told and a cancel obeyed here."""
        stage = self._making
        try:
            if stage is not None and stage != self.run.where.stage:
                self.run.enter(Phase.PREPARING, stage)
            self.run.safe_point()
        except (FaultError, PausedError):
            work.cancel()

    async def _carry_out(self, device: Device) -> None:
        try:
            await asyncio.sleep(self._hold_off)
            async with AsyncExitStack() as held:
                # All there is to write, and would be to go back, before the device is looked at.
                paths = await self._images(held, self.story.order.fetched)
                self._is_preparing = False
                await self._talk(partial(self._burn, paths, device))
        except OSError as broken:
            if broken.errno not in _UNREADABLE:
                raise
            raise unreadable(broken.strerror) from broken

    async def _return(self, device: Device, plan: RollbackPlan) -> None:
        async with AsyncExitStack() as held:
            paths = await self._images(held, plan.steps)
            await self._talk(partial(self._retreat, paths, device))

    async def _talk(self, call: Callable[[], None]) -> None:
        await self._line.talk(call, f"write {self.story.job.device_id}", self._timing.let_go)

    async def _images(self, held: AsyncExitStack, steps: Sequence[OrderStep]) -> list[Path]:
        tell = partial(self.run.enter, self.run.where.phase)
        return [
            await held.enter_async_context(
                self._supply.held(
                    step.image, partial(self._query, step.image.sha256), tell, self.met
                )
            )
            for step in steps
        ]

    def _query(self, sha256: str) -> str:
        """The newest signature there is for the download of an image."""
        steps = self.story.order.fetched
        return next(step.query for step in steps if step.image.sha256 == sha256)

    def _burn(self, paths: list[Path], device: Device) -> None:
        """Do the blocking part, in the writer's thread."""
        with ExitStack() as lent:
            images = [lent.enter_context(self._cache.lending.lent(path)) for path in paths]
            steps = self._steps(images[: len(self.story.order.imaged)])
            self._check_size(steps)
            good = images[len(self.story.order.imaged) :]
            write(
                lambda tell: open_target(device.address, tell, device.limits),
                self._recipe(steps, device.serial, self._way_back(good)),
                self.run,
                partial(look, device.address),
                self._patience,
            )

    def _retreat(self, paths: list[Path], device: Device) -> None:
        """Do the blocking part of the way back; of what was to be written nothing is needed."""
        with ExitStack() as lent:
            good = [lent.enter_context(self._cache.lending.lent(path)) for path in paths]
            go_back(
                lambda tell: open_target(device.address, tell, device.limits),
                self._recipe((), device.serial, self._way_back(good)),
                self.run,
                partial(look, device.address),
                self._patience,
            )

    def _steps(self, images: list[Image]) -> tuple[Step, ...]:
        order = self.story.order
        if not images:
            return (Step(order.partition, Generated(order.job_id, order.total_bytes)),)
        return tuple(map(_step, order.imaged, images))

    def _way_back(self, images: list[Image]) -> WayBack | None:
        plan = self.story.order.rollback
        return WayBack(plan.kind, tuple(map(_step, plan.steps, images))) if plan else None

    def _check_size(self, steps: tuple[Step, ...]) -> None:
        size = sum(step.source.content_size for step in steps)
        promised = self.story.order.total_bytes
        if size != promised:
            raise refuse(
                Code.IMAGE_CORRUPT,
                "The image has not as much content as the order says.",
                details=f"{size} bytes, not {promised}",
            )

    def _recipe(
        self, steps: tuple[Step, ...], serial: str | None, way_back: WayBack | None
    ) -> Recipe:
        order, options = self.story.order, self.story.order.options
        since = self.story.mark
        cut = part_size(self.run.allowance.rate, self._part_size, [step.source for step in steps])
        return Recipe(
            steps=steps,
            serial=serial,
            requirements=order.requirements,
            erase=bool(options.erase),
            slot=options.slot or "active",
            allow_dangerous=bool(options.allow_dangerous),
            denied=self._denied,
            wipe=bool(options.wipe),
            reboot=self.reboot,
            booted=options.verify == "booted",
            part_size=(since and since.part_size) or cut,
            since=since,
            hash_checked=bool(order.imaged) and options.verify != "none",
            generated=not order.imaged,
            read_back=options.verify == "readback",
            way_back=way_back,
        )


def _step(step: OrderStep, image: Image) -> Step:
    return Step(
        step.partition,
        image,
        other_slot=step.slot == "other",
        method=step.method,
        before=step.before,
    )
