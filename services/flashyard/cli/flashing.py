"""Images onto devices: devices chosen, images stored, a job started for each, and followed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import typer

from flashyard.cli.attend import LeftError, attend
from flashyard.cli.cargo import Cargo
from flashyard.cli.choice import choose, every
from flashyard.cli.foresight import foresee_denials, judge_options, misfit
from flashyard.cli.loading import loaded
from flashyard.cli.mapping import judge_map
from flashyard.cli.naming import named, warning
from flashyard.cli.outcome import SOME_FAILED, exit_status, totals
from flashyard.cli.preview import plan_lines
from flashyard.cli.reaching import bridge_of
from flashyard.cli.sending import send_missing, stored
from flashyard.cli.talk import complain, print_data, printable, say
from flashyard.cli.usual import usual_for
from flashyard.cli.views import can_ask, showing
from flashyard.cli.wish import Manner, Wish
from flashyard.client.answers import OneJob, Started, StartRequest
from flashyard.client.bridge import Bridge
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.faults import TABLE, Code, Fault, FaultError, fault, refuse
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Device, ImageRef, Job, StepRecord
from flashyard.settings import ClientSettings

_AT_ONCE = 8  # starts under way; each waits for a hub's receipt


class Begun(NamedTuple):
    """What came of the starts: jobs, and the reasons of those that were refused."""

    jobs: Sequence[Job]
    refused: Sequence[Fault]


def chosen(known: Sequence[Device], wish: Wish) -> list[Device]:
    """Choose the devices that are meant, of those a bridge knows.

    Raises:
        FaultError: there is none of the name, or none at all.
    """
    if wish.devices is None:
        return every(known, wish.hub_id, disks=wish.disks)
    return choose(known, wish.devices, wish.hub_id, disks=wish.disks)


async def run(settings: ClientSettings, wish: Wish, manner: Manner) -> int:
    """Do it; return the exit status.

    Raises:
        FaultError: nothing was started.
        UnreachableError: no bridge, or none any more.
    """
    judge_options(wish)
    judge_map(wish)
    async with bridge_of(settings) as bridge:
        devices = chosen(await bridge.devices(), wish)
        async with loaded(wish) as cargo:
            foresee(wish, devices, cargo)
            have = await stored(bridge, cargo)
            if manner.dry_run:
                await print_plan(bridge, wish, devices, cargo, have)
                return 0
            plan = [printable(line) for line in plan_lines(wish, cargo, devices, have)]
            if not is_agreed(wish, cargo, devices, manner, plan):
                return TABLE[Code.CANCELLED].exit
            await send_missing(bridge, cargo, have)
        begun = await _start(bridge, wish, devices, cargo)
        if manner.detach:
            _print_ids(begun.jobs, json=manner.json)
            some = begun.jobs and begun.refused
            return SOME_FAILED if some else exit_status([], begun.refused)
        return await _attend(bridge, begun, json=manner.json)


async def print_plan(
    bridge: Bridge, wish: Wish, devices: Sequence[Device], cargo: Cargo, have: Collection[str]
) -> None:
    """Print what would be done, and how long that usually takes."""
    usual = await usual_for(bridge, [request_for(wish, each, cargo) for each in devices])
    for line in plan_lines(wish, cargo, devices, have, usual):
        print_data(printable(line))


def foresee(wish: Wish, devices: Sequence[Device], cargo: Cargo) -> None:
    """Refuse what none of the devices can take; where some can, the others are told of later.

    Raises:
        FaultError: why the first one cannot.
    """
    if not wish.allow_dangerous:
        foresee_denials(cargo)
    misfits = [misfit(device, cargo, wish.slot) for device in devices]
    if misfits[0] is not None and all(misfits):
        raise FaultError(misfits[0])


def is_agreed(
    wish: Wish, cargo: Cargo, devices: Sequence[Device], manner: Manner, plan: Iterable[str]
) -> bool:
    """Is it meant? Only real devices are asked about."""
    meant = [device for device in devices if not device.emulated]
    real = [named(device) for device in meant]
    if not real or manner.yes:
        return True
    if not can_ask():
        raise refuse(
            Code.INVALID_REQUEST,
            f"{len(real)} of the devices are real ({', '.join(real[:5])}…); "
            "off a terminal that needs --yes."
            if len(real) > 5
            else f"Real devices ({', '.join(real)}) are flashed off a terminal only with --yes.",
            hint="Look at the plan with --dry-run, then add --yes.",
        )
    if not cargo.is_plain:
        for line in plan:
            say(line)
    where = ", ".join(dict.fromkeys(piece.partition for piece in cargo.pieces))
    what = f"{cargo.name} to {where}" if cargo.is_plain else where
    wiped = ", and erase the user's data" if wish.wipe else ""
    return typer.confirm(
        f"Flash {printable(what)} of {len(real)} real "
        f"device{'s' if len(real) != 1 else ''} ({', '.join(real)}){wiped}?{warning(meant)}",
        err=True,
    )


def request_for(wish: Wish, device: Device, cargo: Cargo) -> StartRequest:
    """Make the request for a device."""
    pieces = cargo.pieces_for(device)
    request = StartRequest(
        device_id=device.device_id,
        hub_id=device.hub_id,
        verify=wish.verify,
        rollback=wish.rollback,
        slot=wish.slot,
        reboot=None if wish.reboot else False,
        erase=wish.erase or None,
        wipe=wish.wipe or None,
        allow_dangerous=wish.allow_dangerous or None,
        **wish.turn.fields(),
    )
    if cargo.is_plain:
        step = pieces[0].step
        return request.with_(partition=step.partition, image=step.image)
    return request.with_(
        partitions=tuple(piece.step for piece in pieces), requirements=cargo.requirements
    )


async def _start(bridge: Bridge, wish: Wish, devices: Sequence[Device], cargo: Cargo) -> Begun:
    """Start a job for each device; those that are refused are told and left out.

    Raises:
        FaultError: the only device was refused.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def start(device: Device) -> Job | Fault:
        async with gate:
            try:
                started = await bridge.start(request_for(wish, device, cargo))
            except FaultError as error:
                return error.fault
            except UnreachableError as error:
                hint = "It may have started all the same: look at `flashyard ls jobs`."
                return fault(Code.HUB_NO_ANSWER, error.sentence, hint=hint)
        return _expected(started, device, cargo)

    came = await asyncio.gather(*map(start, devices))
    refused = [each for each in came if isinstance(each, Fault)]
    if len(came) == 1 and refused:
        raise FaultError(refused[0])
    for device, each in zip(devices, came, strict=True):
        if isinstance(each, Fault):
            complain(f"{device.device_id}: {each.sentence}", each.hint, each.details)
    return Begun([each for each in came if isinstance(each, Job)], refused)


def _expected(started: Started, device: Device, cargo: Cargo) -> Job:
    """Make the job as it is known before the bridge has told more."""
    pieces = cargo.pieces_for(device)
    image = pieces[0].image
    return Job(
        job_id=started.job_id,
        device_id=device.device_id,
        device_name=device.device_name,
        hub_id=device.hub_id,
        partition=started.partition,
        status=Status.QUEUED if started.status == "queued" else Status.RUNNING,
        phase=Phase.QUEUED,
        stage="Queued",
        steps=tuple(
            StepRecord(partition=piece.partition, status=Status.QUEUED, bytes=0) for piece in pieces
        ),
        total_bytes=sum(piece.facts.content_size for piece in pieces),
        queued_at=int(time.time() * 1000),
        image=ImageRef(sha256=image.sha256, name=image.name[:200], size=image.size)
        if cargo.is_plain
        else None,
    )


async def _attend(bridge: Bridge, begun: Begun, *, json: bool) -> int:
    try:
        with showing(begun.jobs, json=json) as (views, question):
            jobs = await attend(bridge, begun.jobs, views, question=question)
    except LeftError as left:
        say("The jobs go on; follow them with `flashyard watch JOB`.")
        _print_ids(left.jobs, json=json)
        return 130
    if json:
        for job in jobs:
            print_data(OneJob(job=job).encode().decode())
    else:
        print_data(totals(jobs, len(begun.refused)))
    return exit_status(jobs, begun.refused)


def _print_ids(jobs: Sequence[Job], *, json: bool) -> None:
    for job in jobs:
        print_data(OneJob(job=job).encode().decode() if json else job.job_id)
