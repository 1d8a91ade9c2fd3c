"""A batch attended by a person until it ends: shown as it goes on, left or cancelled on Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager

from flashyard.cli.attend import asked, either, interrupts
from flashyard.cli.batch.views import View
from flashyard.cli.talk import complain_of, say
from flashyard.client.bridge import Bridge
from flashyard.client.unreachable import UnreachableError
from flashyard.contract.batches import Batch
from flashyard.contract.faults import FaultError

_EVERY = 0.5  # s
_PATIENCE = 120.0  # s without any bridge


async def attend(
    bridge: Bridge,
    batch: Batch,
    views: Sequence[View],
    question: AbstractContextManager[None] | None,
) -> Batch | None:
    """Follow a batch to its end; None: interrupted, and it goes on.

    Args:
        bridge: that has it.
        batch: as far as it is known.
        views: are shown how it goes.
        question: frees the terminal for a question on Ctrl-C; None: nobody is there to be asked.

    Raises:
        UnreachableError: no bridge for two minutes.
        FaultError: the bridge's refusal, where it does not pass.
    """
    with interrupts() as interrupted:
        following = asyncio.create_task(_follow(bridge, batch, views), name="follow a batch")
        try:
            while not await either(following, interrupted):
                interrupted.clear()
                is_unwanted = question is not None and await asked(
                    question, "The batch is", following, interrupted
                )
                if following.done():
                    continue  # it ended while the question stood
                if not is_unwanted:
                    return None
                question = None  # asked once
                await _cancel(bridge, batch)
        finally:
            following.cancel()
            await asyncio.wait({following})
    return following.result()


async def _follow(bridge: Bridge, batch: Batch, views: Sequence[View]) -> Batch:
    now = asyncio.get_running_loop().time
    met_at, is_lost = now(), False
    while not batch.is_final:
        await asyncio.sleep(_EVERY)
        try:
            batch = await bridge.batch(batch.batch_id)
        except (UnreachableError, FaultError) as error:
            is_passing = isinstance(error, UnreachableError) or error.fault.rule.transient
            if not is_passing or now() - met_at > _PATIENCE:
                raise
            if not is_lost:
                say("The bridge is out of reach; looking for it. What runs goes on.")
            is_lost = True
            continue
        met_at, is_lost = now(), False
        for view in views:
            view.show(batch)
    return batch


async def _cancel(bridge: Bridge, batch: Batch) -> None:
    try:
        await bridge.tell_batch("cancel", batch.batch_id)
    except FaultError as error:
        complain_of(error)
    except UnreachableError as error:
        say(error.sentence)
