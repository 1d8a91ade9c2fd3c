"""A cargo put together of the files a wish names: each opened, read whole, and looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from flashyard.cli.cargo import Cargo, Piece
from flashyard.cli.foresight import examine
from flashyard.cli.mapping import check, choose_map, covered
from flashyard.cli.reading import read_through
from flashyard.cli.talk import say
from flashyard.cli.transfer import transfer
from flashyard.cli.wish import Factory, Named, Wish
from flashyard.client.upload import LocalImage, read
from flashyard.contract.faults import Code, refuse
from flashyard.contract.plans import MAX_STEPS, PlannedStep
from flashyard.flash.factory.bundle import Bundle, opened
from flashyard.flash.factory.measure import Measured, measure
from flashyard.flash.factory.member import Member
from flashyard.flash.factory.plan import Choice, FactoryPlan, plan


@asynccontextmanager
async def loaded(wish: Wish) -> AsyncIterator[Cargo]:
    """Put it together; its images can be read while inside.

    Raises:
        FaultError: a file cannot be read or is no sound image, or a factory image is none.
    """
    if isinstance(wish.what, Factory):
        with ExitStack() as held:
            bundle = await _opened(held, wish.what.path)
            made = plan(bundle, _choice(wish, wish.what))
            yield await _of_bundle(wish.what.path.name, made)
    else:
        yield await _of_images(wish.what, wish)


async def _opened(held: ExitStack, path: Path) -> Bundle:
    with transfer("Opening", path.name, _size(path)) as advance:
        return await read_through(lambda told: held.enter_context(opened(path, told)), advance)


def _choice(wish: Wish, factory: Factory) -> Choice:
    return Choice(
        wipe=wish.wipe,
        slot=wish.slot,
        allow_dangerous=wish.allow_dangerous,
        skip=factory.skip,
        only=factory.only,
    )


async def _of_images(named: tuple[Named, ...], wish: Wish) -> Cargo:
    if len(named) > MAX_STEPS:
        raise refuse(Code.INVALID_REQUEST, f"A job has at most {MAX_STEPS} partitions.")
    names = [each.partition for each in named]
    if twice := next((name for name in names if names.count(name) > 1), None):
        hint = "One image for each partition; a second job can write another."
        raise refuse(Code.INVALID_REQUEST, f"{twice} is named twice.", hint=hint)
    pieces = [await _piece(each, choose_map(each.path, wish), wish) for each in named]
    return Cargo(name=named[0].path.name, pieces=tuple(pieces))


async def _piece(named: Named, bmap: Path | None, wish: Wish) -> Piece:
    """Read an image through: all of it, or what its map covers."""
    partition, path = named
    if bmap is None:
        with transfer("Reading", path.name, _size(path)) as advance:
            image = await read(path, advance)
        with transfer("Examining", path.name, _size(path)) as advance:
            facts = await examine(path, advance, unpack=not wish.as_is)
    else:
        with transfer("Checking", path.name, _size(path)) as advance:
            image, facts = await check(path, bmap, advance)
        say(f"With the block map {bmap.name}, {covered(facts)} of {path.name} are written.")
    step = PlannedStep(partition=partition, image=image.sha256)
    return Piece(step, image, facts, not wish.as_is, bmap)


async def _of_bundle(name: str, made: FactoryPlan) -> Cargo:
    """Read each file once, however often it is written."""
    members = {step.member.name: step.member for step in made.steps}
    measured: dict[str, Measured] = {}
    with transfer("Reading", name, sum(each.size for each in members.values())) as advance:
        for member in members.values():
            measured[member.name] = await read_through(partial(measure, member), advance)
    return Cargo(
        name=name,
        pieces=tuple(
            Piece(
                PlannedStep(
                    partition=step.partition,
                    image=measured[step.member.name].sha256,
                    slot=step.slot,
                    method=step.method,
                    before=step.before,
                ),
                _image(step.member, measured[step.member.name]),
                measured[step.member.name].facts,
                unpack=False,
            )
            for step in made.steps
        ),
        requirements=made.requirements,
        order=made.order,
        notes=made.notes,
    )


def _image(member: Member, found: Measured) -> LocalImage:
    return LocalImage(member.name, found.facts.size, found.sha256, member.pieces)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
