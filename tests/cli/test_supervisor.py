from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

from flashyard.cli.child import Child, Command
from flashyard.cli.supervisor import MOST_DEATHS, DiedError, Kept, Recipe, StillbornError
from support.waiting import until

READY = "import sys, time; print('ready', *sys.argv[1:], flush=True); time.sleep(600)"
SHORT = "import sys; print('ready', flush=True); sys.exit(4)"
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(600)"
)


def script(text: str, *arguments: str) -> Command:
    return Command([sys.executable, "-c", text, *arguments])


@asynccontextmanager
async def kept(recipe: Recipe) -> AsyncIterator[Kept]:
    process = Kept("probe", recipe, first_pause=0.01)
    try:
        yield process
    finally:
        await process.stop()


def children() -> list[psutil.Process]:
    found = []
    for each in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if each.cmdline()[1:2] == ["-c"]:
                found.append(each)
    return found


def pid_of(addresses: Sequence[str]) -> int:
    (child,) = [each for each in children() if addresses[0] in each.cmdline()]
    return child.pid


async def test_a_process_that_dies_is_started_again_where_it_was() -> None:
    asked: list[tuple[str, ...]] = []

    def recipe(before: tuple[str, ...]) -> Command:
        asked.append(before)
        return script(READY, *(before or ("mqtt://127.0.0.1:40001",)))

    async with kept(recipe) as process:
        assert await process.start() == ("mqtt://127.0.0.1:40001",)
        first = pid_of(process.addresses)
        os.kill(first, signal.SIGKILL)
        await until(lambda: len(asked) == 2 and any(each.pid != first for each in children()))
    assert asked == [(), ("mqtt://127.0.0.1:40001",)]
    assert children() == []


async def test_one_that_dies_five_times_in_a_minute_is_given_up() -> None:
    starts: list[int] = []

    def recipe(_before: tuple[str, ...]) -> Command:
        starts.append(1)
        return script(SHORT)

    async with kept(recipe) as process:
        await process.start()
        with pytest.raises(DiedError) as caught:
            await process.given_up()
    assert caught.value.status == 4
    assert len(starts) == MOST_DEATHS


async def test_one_that_ends_before_it_was_ready_is_not_tried_again() -> None:
    starts: list[int] = []

    def recipe(_before: tuple[str, ...]) -> Command:
        starts.append(1)
        return script("import sys; sys.exit(2)")

    async with kept(recipe) as process:
        with pytest.raises(StillbornError) as caught:
            await process.start()
    assert caught.value.status == 2
    assert len(starts) == 1


async def test_stopping_while_it_starts_leaves_nothing_behind() -> None:
    async with kept(lambda _: script("import time; time.sleep(600)")):
        pass
    assert children() == []


async def test_a_child_that_is_deaf_to_sigterm_is_killed_after_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flashyard.cli.child.STOP_WITHIN", 0.2)
    async with Child(script(DEAF)) as child:
        assert await child.ready() == ()
    assert child.status == -signal.SIGKILL


async def test_a_child_has_what_ps_must_not_show_in_its_environment() -> None:
    text = "import os; print('ready', os.environ['TOLD'], flush=True)"
    command = Command([sys.executable, "-c", text], {"TOLD": "quietly"})
    async with Child(command) as child:
        assert await child.ready() == ("quietly",)


async def test_a_leash_ends_the_child_when_its_parent_is_killed(tmp_path: Path) -> None:
    """A parent starts a child on a leash, and is killed: the child says goodbye, and goes."""
    goodbye = tmp_path / "goodbye"
    child = (
        "import signal, sys, time\n"
        "from pathlib import Path\n"
        "from flashyard.cli import leash\n"
        "def bye(*_):\n"
        f"    Path({str(goodbye)!r}).write_text('bye'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, bye)\n"
        "leash.hold()\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    parent = (
        "import asyncio, sys\n"
        "from flashyard.cli.child import Child, Command\n"
        "async def main():\n"
        f"    async with Child(Command([sys.executable, '-c', {child!r}])) as c:\n"
        "        await c.ready(); print('ready', c._process.pid, flush=True)\n"
        "        await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    async with Child(script(parent)) as one:
        addresses = await one.ready()
        assert addresses is not None
        grandchild = psutil.Process(int(addresses[0]))
        assert one._process is not None
        one._process.kill()
        await until(lambda: goodbye.exists() and not _lives(grandchild))


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
