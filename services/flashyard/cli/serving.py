"""How a long-running command runs: directory held, logs on, one `ready` line, a stop in order.

It knows no role: a role is a coroutine function that says when it serves, until it is cancelled.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from flashyard import logs
from flashyard.cli import leash
from flashyard.cli.data_directory import held
from flashyard.cli.talk import print_data
from flashyard.settings import Settings

Ready = Callable[..., None]
Role = Callable[[Ready], Coroutine[Any, Any, None]]

INTERRUPTED = 130


def serve(
    role: Role, settings: Settings, *, directories: Iterable[Path], supervised: bool = False
) -> int:
    """Run a role until SIGTERM or SIGINT; return the exit status.

    Args:
        role: is called with `ready`, to be called once with the addresses that are served.
        settings: of the role; its section is its name in the logs.
        directories: held while it runs.
        supervised: stop, too, when stdin ends.

    Raises:
        FaultError: a directory cannot be held, or the role's own.
    """
    with (
        held(directories),
        logs.written(settings.section, level=settings.log_level, form=settings.log_format),
    ):
        if supervised:
            leash.hold()
        return asyncio.run(_until_told(role, settings.section))


def announce(*addresses: object) -> None:
    """Print the one line of data a long-running command has."""
    print_data(" ".join(["ready", *map(str, addresses)]))


def _begin(*addresses: object) -> None:
    """Say that all is loaded and served."""
    # Full collections need not go through what stays, which takes 60 ms, again and again.
    gc.freeze()
    announce(*addresses)


async def _until_told(role: Role, name: str) -> int:
    loop = asyncio.get_running_loop()
    serving = asyncio.create_task(role(_begin), name=name)
    told: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        told.append(number)
        # A second signal is meant: it finds the system's default, and ends us at once.
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        serving.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        await serving
    except asyncio.CancelledError:
        if not told:
            raise
    sys.stdout.flush()
    return INTERRUPTED if signal.SIGINT in told else 0
