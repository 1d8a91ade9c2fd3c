"""A person at a terminal: bars, a question on Ctrl-C, and a bridge that goes and comes back."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.processes import Running, flashyard, serving, start
from support.terminal import on_terminal
from support.waiting import until

SIZE = 30_000_000

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """A system with one slow device, BENCH_1: the image takes it about three seconds."""
    tmp_path = tmp_path_factory.mktemp("bench")
    emulator = ("emulate", "--serial", "BENCH_1", "--tcp", "127.0.0.1:0")
    slow = ("--discard", "--link-speed", "10M", "--data-dir", tmp_path)
    nowhere = ("--listen", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", "--data-dir", tmp_path)
    async with serving(*emulator, *slow) as device:
        place = device.ready[0].removeprefix("fastboot-tcp://").removesuffix("/BENCH_1")
        async with serving("up", *nowhere, "--fastboot-tcp", f"BENCH_1={place}") as system:
            yield system


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images") / "system.img"
    path.write_bytes(random.Random("image").randbytes(SIZE))
    return path


async def test_bars_are_drawn_and_the_last_line_tells_the_total(
    bench: Running, image: Path
) -> None:
    flash = ("flash", "BENCH_1", "system", image, "--url", bench.ready[0])
    async with on_terminal(*flash) as terminal:
        await terminal.shows("1 device · 1 writing")
        await terminal.shows("MiB/s")
        await terminal.shows("Finished: 1 completed.")
        assert await terminal.ended() == 0
    assert "100.0%" in terminal.text
    assert "OKAY" not in terminal.text, "bars and plain lines on one terminal"


async def test_ctrl_c_asks_once_and_cancels_if_told_so(bench: Running, image: Path) -> None:
    flash = ("flash", "BENCH_1", "system", image, "--url", bench.ready[0])
    async with on_terminal(*flash) as terminal:
        await terminal.shows("1 device · 1 writing")
        terminal.interrupt()
        await terminal.shows("Cancel, or leave running? [c/L]")
        terminal.type("c\r")
        await terminal.shows("Finished: 1 cancelled.")
        assert await terminal.ended() == 3


async def test_a_question_nobody_answers_ends_with_the_jobs(bench: Running, image: Path) -> None:
    flash = ("flash", "BENCH_1", "system", image, "--url", bench.ready[0])
    async with on_terminal(*flash) as terminal:
        await terminal.shows("1 device · 1 writing")
        terminal.interrupt()
        await terminal.shows("Cancel, or leave running? [c/L]")
        await terminal.shows("Finished: 1 completed.")
        assert await terminal.ended() == 0


@pytest.mark.parametrize("answer", ["\r", None])
async def test_otherwise_the_job_is_left_running_and_named(
    bench: Running, image: Path, answer: str | None
) -> None:
    url = ("--url", bench.ready[0])
    async with on_terminal("flash", "BENCH_1", "system", image, *url) as terminal:
        await terminal.shows("1 device · 1 writing")
        terminal.interrupt()
        await terminal.shows("Cancel, or leave running? [c/L]")
        if answer is None:
            terminal.interrupt()
        else:
            terminal.type(answer)
        await terminal.shows("The jobs go on")
        assert await terminal.ended() == 130
    job_id = terminal.text.split()[-1]
    watched = await flashyard("watch", job_id, *url)
    assert watched.status == 0, watched.err
    assert watched.out.splitlines()[-1].startswith("Finished: 1 completed.")


async def test_off_a_terminal_an_interrupt_leaves_the_job_running_and_names_it(
    bench: Running, tmp_path: Path
) -> None:
    url = ("--url", bench.ready[0])
    image = tmp_path / "long.img"  # still under way when the next command has started
    image.write_bytes(random.Random("image").randbytes(6 * SIZE))
    running = await start("flash", "BENCH_1", "system", image, *url)
    try:
        await until(lambda: "preparing" in running.out)
        running.send(signal.SIGINT)
        assert await running.ended() == 130
    finally:
        await running.close()
    cancelled = await flashyard("cancel", running.out.split()[-1], *url)
    assert cancelled.status == 0, cancelled.err


async def test_one_who_watches_is_caught_up_after_the_bridge_was_killed(
    bench: Running, image: Path
) -> None:
    running = await start("flash", "BENCH_1", "system", image, "--url", bench.ready[0])
    try:
        await until(lambda: "preparing" in running.out)
        os.kill(bench.children()["bridge"], signal.SIGKILL)
        assert await running.ended(60) == 0
    finally:
        await running.close()
    assert "The bridge is out of reach" in running.err
    assert "The bridge is back; caught up." in running.err
    assert running.out.splitlines()[-1].startswith("Finished: 1 completed.")


async def test_everything_is_watched_until_ctrl_c_and_only_the_watching_ends(
    bench: Running, image: Path
) -> None:
    url = ("--url", bench.ready[0])
    watcher = await start("watch", *url)
    try:
        await until(lambda: "Watching" in watcher.err)
        flashed = await flashyard("flash", "BENCH_1", "system", image, *url)
        assert flashed.status == 0, flashed.err
        await until(lambda: "completed     OKAY" in watcher.out)
        watcher.send(signal.SIGINT)
        assert await asyncio.wait_for(watcher.ended(), 30) == 130
    finally:
        await watcher.close()
