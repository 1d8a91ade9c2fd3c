"""A firmware flashed to a DFU device in software, as a job would."""

from __future__ import annotations

from pathlib import Path

from flashyard.flash.dfu.target import DfuTarget
from flashyard.flash.images.image import Image
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from support.dfu_device import DfuDevice, Port

FIRMWARE = bytes(range(1, 251)) * 3  # 750 bytes: not a whole number of blocks


def flash(
    folder: Path,
    port: Port,
    content: bytes,
    *,
    partition: str = "firmware",
    read_back: bool = False,
    reboot: bool = True,
    part_size: int = 1 << 20,
    run: Run | None = None,
) -> Run:
    """Run a recipe of one step; raises what the writer raises."""
    run = run or Run((partition,))
    path = folder / "firmware.bin"
    path.write_bytes(content)
    with Image(path) as source:
        recipe = Recipe(
            steps=(Step(partition, source),),
            read_back=read_back,
            reboot=reboot,
            part_size=part_size,
            hash_checked=True,
        )
        clock = port.device.ticking.clock
        write(lambda tell: DfuTarget.open(port.connect, tell, clock=clock), recipe, run)
        assert run.content == source.content_size
    return run


def opened(device: DfuDevice) -> DfuTarget:
    """Open a device outside a job."""
    clock = device.ticking.clock
    return DfuTarget.open(Port(device).connect, lambda _line: None, clock=clock)
