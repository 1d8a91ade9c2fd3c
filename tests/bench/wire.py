"""1 GiB over fastboot TCP into a sink that throws it away: our target against AOSP's client."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.pairs import in_turn, spread
from flashyard.flash.fastboot.target import FastbootTarget
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.images.image import Image
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write

GIB = 1 << 30
SOURCE = Path(__file__).with_name("sink.c")


def main(pairs: int = 15, mib: int = 1024) -> None:
    """Print the table; both send one raw download, as the sink takes 2 GiB at once."""
    with tempfile.TemporaryDirectory() as folder, _sink(Path(folder)) as port:
        image = Path(folder) / "image"
        with image.open("wb") as file, open("/dev/urandom", "rb") as noise:  # noqa: PTH123
            for _ in range(mib):
                file.write(noise.read(1 << 20))
        ours, theirs = in_turn(partial(_flash, image, port), partial(_fastboot, image, port), pairs)
    print(f"{mib} MiB over fastboot TCP into a C sink, {pairs} pairs, median [min-max]")
    for name, costs in (("flashyard", ours), ("AOSP fastboot", theirs)):
        print(
            f"  {name:14} wall {spread([c.wall for c in costs])} s"
            f"   cpu {spread([c.cpu for c in costs])} s"
        )
    ratios = [a.wall / b.wall for a, b in zip(ours, theirs, strict=True)]
    work = [a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True)]
    print(f"  ratio, pair by pair: wall {spread(ratios)}   cpu {spread(work)}")
    for sentence, figures, limit in (
        ("at most 1.05 times AOSP's wall time", ratios, 1.05),
        ("no more CPU-seconds than AOSP's", work, 1.0),
    ):
        figure = statistics.median(figures)
        print(
            f"  {'met   ' if figure <= limit else 'MISSED'} {sentence}: {figure:.3f} of {limit:.2f}"
        )


@contextmanager
def _sink(folder: Path) -> Iterator[int]:
    program = folder / "sink"
    subprocess.run(["gcc", "-O2", "-o", program, SOURCE], check=True)
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        try:
            yield int(sink.stdout.readline())
        finally:
            sink.kill()


def _flash(image: Path, port: int) -> None:
    with Image(image) as source:
        recipe = Recipe(steps=(Step("foo", source),), reboot=False, part_size=2 * GIB)
        address = Address("tcp", "127.0.0.1", port)
        write(lambda tell: FastbootTarget.open(address, tell), recipe, Run(("foo",)))


def _fastboot(image: Path, port: int) -> None:
    command = ["fastboot", "-s", f"tcp:127.0.0.1:{port}", "flash", "foo", str(image)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
