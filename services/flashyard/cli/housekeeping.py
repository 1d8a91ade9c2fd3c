"""The system being up: processes started in order, found ready, watched, stopped in order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from flashyard.cli.household import Household, demo_devices, within_reach
from flashyard.cli.serving import Ready
from flashyard.cli.supervisor import Kept
from flashyard.cli.talk import say
from flashyard.client.bridge import Bridge
from flashyard.client.unreachable import UnreachableError
from flashyard.link import Address

_PROBED_WITHIN = 5.0  # seconds for each configured device to be asked once
_LOOK_EVERY = 0.1


async def keep_house(
    household: Household, expected: set[str], token: str | None, ready: Ready
) -> None:
    """Run everything until cancelled.

    Args:
        household: makes the commands.
        expected: the devices that are configured; `ready` waits for a first word of each.
        token: what lets us in at the bridge.
        ready: is called with the bridge's addresses, then the broker's.

    Raises:
        StillbornError: a process ended before it was ever ready.
        DiedError: a process died too often.
    """
    settings = household.settings
    async with AsyncExitStack() as stack:  # stops in the opposite order: hub first, broker last
        kept: list[Kept] = []

        def keep(process: Kept) -> Kept:
            kept.append(process)
            stack.push_async_callback(process.stop)
            return process

        first: list[Kept] = []
        if settings.broker is None:
            first.append(keep(Kept("broker", household.broker)))
        if settings.demo:
            first.append(keep(Kept("emulator", household.emulator)))
        said = await asyncio.gather(*(process.start() for process in first))
        mqtt = said.pop(0) if settings.broker is None else (str(Address.parse(settings.broker)),)
        demo = demo_devices(said[0]) if settings.demo else ()
        broker = settings.broker or within_reach(mqtt[0])
        http = await keep(Kept("bridge", lambda old: household.bridge(broker, old))).start()
        _, hub_id = await keep(Kept("hub", lambda _: household.hub(broker, http, demo))).start()
        url = within_reach(http[0])
        await _probed(url, token, hub_id, expected)
        ready(*http, *mqtt)
        say(f"flashyard is up: open {url} in a browser.")
        if settings.demo:
            say(f"Flash the demo devices with: curl -X POST {url}/api/flash/demo")
        await _until_one_gives_up(kept)


async def _until_one_gives_up(kept: list[Kept]) -> None:
    waiting = [asyncio.create_task(each.given_up(), name=f"{each.name} gives up") for each in kept]
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        done.pop().result()
    finally:
        for task in waiting:
            task.cancel()


async def _probed(url: str, token: str | None, hub_id: str, expected: set[str]) -> None:
    """Wait until the bridge knows every configured device of the hub, but not for ever."""
    try:
        async with asyncio.timeout(_PROBED_WITHIN), Bridge(url, token) as bridge:
            known: set[str] = set()
            while not expected <= known:
                await asyncio.sleep(_LOOK_EVERY)
                try:
                    devices = await bridge.devices()
                except UnreachableError:
                    continue  # it has just been restarted
                known = {each.device_id for each in devices if each.hub_id == hub_id}
    except TimeoutError:
        say("Some configured devices did not answer yet; they are looked for on.")
