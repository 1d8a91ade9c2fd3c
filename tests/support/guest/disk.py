"""A removable USB disk, served by the kernel's mass-storage function out of a file.

Runs inside the guest: `python -m support.guest.disk --file IMAGE`. Says `ready` when it is on the
bus and ends with SIGTERM. The guest sees it as `/dev/sda`.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from threading import Event

from support.guest.gadget import Gadget, Identity

IDENTITY = Identity(0x1D6B, 0x0104, "DISK_1", name="disk")


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--controller", type=int, default=1)
    asked = parser.parse_args()
    off = Event()
    signal.signal(signal.SIGTERM, lambda *_: off.set())
    name = f"disk{asked.controller}"
    read_only = str(int(asked.read_only))
    lun = {"lun.0/removable": "1", "lun.0/ro": read_only, "lun.0/file": str(asked.file)}
    with Gadget(name, IDENTITY, f"mass_storage.{name}", lun, asked.controller) as gadget:
        gadget.plug_in()
        print("ready", flush=True)  # noqa: T201  # whoever started it waits for this line
        off.wait()


if __name__ == "__main__":
    _main()
