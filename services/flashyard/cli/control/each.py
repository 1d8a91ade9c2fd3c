"""The same asked for several names, one after the other: each gets its answer, or its refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from flashyard.cli.reaching import bridge_of
from flashyard.cli.talk import complain_of, print_data, printable, say
from flashyard.client.bridge import Bridge
from flashyard.contract.faults import FaultError
from flashyard.contract.model import Model
from flashyard.settings import ClientSettings


class Told(NamedTuple):
    """An answer, for programs and for people."""

    record: Model
    line: str


async def of_each(
    settings: ClientSettings,
    names: Sequence[str],
    ask: Callable[[Bridge, str], Awaitable[Told]],
    *,
    json: bool,
) -> int:
    """Ask, and print what the bridge says; return the last refusal's exit status.

    Raises:
        UnreachableError: no bridge.
    """
    status = 0
    async with bridge_of(settings) as bridge:
        for name in names:
            try:
                told = await ask(bridge, name)
            except FaultError as error:
                if len(names) > 1:
                    say(f"{name}:")
                status = complain_of(error)
            else:
                print_data(told.record.encode().decode() if json else printable(told.line))
    return status
