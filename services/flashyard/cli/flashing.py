"""An image onto devices: devices chosen, image stored, a job started for each, and followed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import typer
from pydantic import ValidationError

from flashyard.cli.amounts import size
from flashyard.cli.attend import LeftError, attend
from flashyard.cli.choice import choose, every
from flashyard.cli.foresight import examine, judge_options, misfit
from flashyard.cli.outcome import SOME_FAILED, exit_status, totals
from flashyard.cli.talk import complain, print_data, say
from flashyard.cli.transfer import transfer
from flashyard.cli.views import can_ask, showing
from flashyard.client.answers import OneJob, Started, StartRequest
from flashyard.client.bridge import Bridge
from flashyard.client.unreachable import UnreachableError
from flashyard.client.upload import LocalImage, read, send
from flashyard.contract.faults import TABLE, Code, Fault, FaultError, fault, refuse
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Device, ImageRef, Job
from flashyard.flash.facts import ImageFacts
from flashyard.settings import ClientSettings
from flashyard.token_file import read_token

_AT_ONCE = 8  # starts under way; each waits for a hub's receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be flashed. ``devices``: None is every one that is online."""

    devices: str | None
    hub_id: str | None
    partition: str
    image: Path
    slot: str | None
    verify: str | None
    erase: bool
    reboot: bool
    as_is: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How it is gone about."""

    dry_run: bool
    detach: bool
    yes: bool
    json: bool


class Begun(NamedTuple):
    """What came of the starts: jobs, and the reasons of those that were refused."""

    jobs: Sequence[Job]
    refused: Sequence[Fault]


async def run(settings: ClientSettings, wish: Wish, manner: Manner) -> int:
    """Do it; return the exit status.

    Raises:
        FaultError: nothing was started.
        UnreachableError: no bridge, or none any more.
    """
    judge_options(verify=wish.verify, slot=wish.slot)
    async with Bridge(settings.url, read_token(settings.token_file)) as bridge:
        known = await bridge.devices()
        if wish.devices is None:
            devices = every(known, wish.hub_id)
        else:
            devices = choose(known, wish.devices, wish.hub_id)
        with transfer("Reading", wish.image) as advance:
            image = await read(wish.image, advance)
        requests = [_request(wish, device, image) for device in devices]
        with transfer("Examining", wish.image) as advance:
            facts = await examine(wish.image, advance, unpack=not wish.as_is)
        _foresee(wish, devices, facts)
        is_stored = await _is_stored(bridge, image, facts, wish)
        if manner.dry_run:
            _print_plan(wish, devices, image, is_stored=is_stored)
            return 0
        if not _is_agreed(wish, devices, manner):
            return TABLE[Code.CANCELLED].exit
        if not is_stored:
            with transfer("Sending", wish.image) as advance:
                await send(bridge, image, advance, unpack=not wish.as_is)
        begun = await _start(bridge, requests, devices, image, facts)
        if manner.detach:
            _print_ids(begun.jobs, json=manner.json)
            some = begun.jobs and begun.refused
            return SOME_FAILED if some else exit_status([], begun.refused)
        return await _attend(bridge, begun, json=manner.json)


def _foresee(wish: Wish, devices: Sequence[Device], facts: ImageFacts) -> None:
    """Refuse what none of the devices can take; where some can, the others are told of later.

    Raises:
        FaultError: why the first one cannot.
    """
    misfits = [misfit(device, wish.partition, wish.slot, facts) for device in devices]
    if misfits[0] is not None and all(misfits):
        raise FaultError(misfits[0])


async def _is_stored(bridge: Bridge, image: LocalImage, facts: ImageFacts, wish: Wish) -> bool:
    """Does the bridge have it, and for what it is meant to be: compressed, or as it is?"""
    if not await bridge.has_image(image.sha256):
        return False
    if facts.unpacked is None and not wish.as_is:
        return True
    return any(
        stored.sha256 == image.sha256 and (stored.unpacked is None) is wish.as_is
        for stored in await bridge.images()
    )


def _print_plan(
    wish: Wish, devices: Sequence[Device], image: LocalImage, *, is_stored: bool
) -> None:
    stored = "it is in the bridge's store already" if is_stored else "it would be sent first"
    steps = ["erase"] if wish.erase else []
    steps += ["write", *(["restart"] if wish.reboot else [])]
    where = (
        wish.partition if wish.slot in {None, "active"} else f"{wish.partition}, slot {wish.slot}"
    )
    print_data(f"image      {image.path} ({size(image.size)}), sha256 {image.sha256}; {stored}")
    print_data(f"partition  {where}: {', '.join(steps)}")
    for device in devices:
        kind = "emulated" if device.emulated else "real"
        state = "online" if device.online else "offline"
        busy = f", {len(device.queue) + 1} jobs before it" if device.current_job else ""
        name = f"{device.device_id} ({device.device_name})"
        print_data(f"device     {name} on hub {device.hub_id}: {kind}, {state}{busy}")


def _is_agreed(wish: Wish, devices: Sequence[Device], manner: Manner) -> bool:
    """Is it meant? Only real devices are asked about."""
    real = [device.device_id for device in devices if not device.emulated]
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
    return typer.confirm(
        f"Flash {wish.image.name} to {wish.partition} of {len(real)} real "
        f"device{'s' if len(real) != 1 else ''} ({', '.join(real)})?",
        err=True,
    )


def _request(wish: Wish, device: Device, image: LocalImage) -> StartRequest:
    try:
        return StartRequest(
            device_id=device.device_id,
            hub_id=device.hub_id,
            partition=wish.partition,
            image=image.sha256,
            verify=wish.verify,
            slot=wish.slot,
            reboot=None if wish.reboot else False,
            erase=True if wish.erase else None,
        )
    except ValidationError as error:
        raise refuse(
            Code.INVALID_REQUEST,
            f"{wish.partition!r} is no name of a partition.",
            hint="Up to 36 letters, digits and . _ - make one, such as boot or system_a.",
        ) from error


async def _start(
    bridge: Bridge,
    requests: Sequence[StartRequest],
    devices: Sequence[Device],
    image: LocalImage,
    facts: ImageFacts,
) -> Begun:
    """Start a job for each device; those that are refused are told and left out.

    Raises:
        FaultError: the only device was refused.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def start(request: StartRequest, device: Device) -> Job | Fault:
        async with gate:
            try:
                started = await bridge.start(request)
            except FaultError as error:
                return error.fault
            except UnreachableError as error:
                hint = "It may have started all the same: look at `flashyard ls jobs`."
                return fault(Code.HUB_NO_ANSWER, error.sentence, hint=hint)
        return _expected(started, device, image, facts)

    came = await asyncio.gather(*map(start, requests, devices))
    refused = [each for each in came if isinstance(each, Fault)]
    if len(came) == 1 and refused:
        raise FaultError(refused[0])
    for device, each in zip(devices, came, strict=True):
        if isinstance(each, Fault):
            complain(f"{device.device_id}: {each.sentence}", each.hint, each.details)
    return Begun([each for each in came if isinstance(each, Job)], refused)


def _expected(started: Started, device: Device, image: LocalImage, facts: ImageFacts) -> Job:
    """Make the job as it is known before the bridge has told more."""
    return Job(
        job_id=started.job_id,
        device_id=device.device_id,
        device_name=device.device_name,
        hub_id=device.hub_id,
        partition=started.partition,
        status=Status.QUEUED if started.status == "queued" else Status.RUNNING,
        phase=Phase.QUEUED,
        stage="Queued",
        total_bytes=facts.content_size,
        queued_at=int(time.time() * 1000),
        image=ImageRef(sha256=image.sha256, name=image.path.name[:200], size=image.size),
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
