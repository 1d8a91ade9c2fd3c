"""A target of ours driven without a hub, in the guest.

`python -m support.guest.target write|compare disk|dfu PORT PARTITION IMAGE`: PORT is a disk's name
in `/dev/disk/by-path`, or where a DFU device is on the bus, `1-1`. Prints one line of JSON: the
verification reached and the device's state, or the code of the fault.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from flashyard.contract.faults import FaultError
from flashyard.flash.block.target import BlockTarget
from flashyard.flash.dfu.target import DfuTarget
from flashyard.flash.dfu.usb_pipe import UsbPipe
from flashyard.flash.images.image import Image
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from flashyard.flash.target import Target, Tell


def _disk(port: str, tell: Tell) -> Target:
    return BlockTarget.open(port, tell)


def _dfu(port: str, tell: Tell) -> Target:
    bus, _, ports = port.partition("-")
    route = tuple(map(int, ports.split(".")))
    return DfuTarget.open(lambda: UsbPipe.connect(int(bus), route), tell)


OPENERS: dict[str, Callable[[str, Tell], Target]] = {"disk": _disk, "dfu": _dfu}


def _write(opener: Callable[[Tell], Target], partition: str, image: Image) -> dict[str, str]:
    run = Run((partition,))
    steps = (Step(partition, image),)
    try:
        write(opener, Recipe(steps=steps, read_back=True, hash_checked=True), run)
    except FaultError as error:
        return {"code": error.fault.code, "state": run.device_state or ""}
    return {"verification": run.verification, "state": run.device_state or ""}


def _compare(opener: Callable[[Tell], Target], partition: str, image: Image) -> dict[str, str]:
    with opener(lambda _line: None) as target:
        place = target.locate(partition, None)
        target.admit(place, image)
        try:
            for part in image.parts(target.describe().max_download_size):
                for _ in target.compare(place, part):
                    pass
        except FaultError as error:
            return {"code": error.fault.code}
    return {"verification": "readback"}


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["write", "compare"])
    parser.add_argument("kind", choices=OPENERS)
    parser.add_argument("port")
    parser.add_argument("partition")
    parser.add_argument("image", type=Path)
    asked = parser.parse_args()
    act = _write if asked.verb == "write" else _compare
    with Image(asked.image) as image:
        told = act(lambda tell: OPENERS[asked.kind](asked.port, tell), asked.partition, image)
    print(json.dumps(told))  # noqa: T201  # this is what it is for


if __name__ == "__main__":
    _main()
