"""A fastboot device on USB: the emulator's session behind a gadget that leaves when it restarts.

Runs inside the guest: `python -m support.guest.phone --serial S --out DIR`. Says `ready` when it
is on the bus and ends with SIGTERM. In fastbootd it has another product id, as phones do.
"""

from __future__ import annotations

import argparse
import signal
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from flashyard.flash.emulator import Profile
from flashyard.flash.emulator.device import Device, Mode
from flashyard.flash.emulator.media import Media
from flashyard.flash.emulator.mischief import parse_mischief
from flashyard.flash.emulator.session import Session
from flashyard.flash.emulator.throttle import open_throttle
from flashyard.flash.emulator.wire import WireGoneError
from support.guest.fastboot_function import FASTBOOT, GadgetWire
from support.guest.functionfs import FunctionFs
from support.guest.gadget import Gadget, Identity
from support.guest.hosts import Hosts

VENDOR = 0x18D1
PRODUCTS = {Mode.BOOTLOADER: 0x4EE0, Mode.USERSPACE: 0x4EE7}
MIB = 1 << 20
_LOOK_S = 0.2


class Phone:
    """One device: its state, its gadget, its function.

    Args:
        profile: what it is.
        out: the directory its own one is in.
        controller: which of the guest's device controllers it sits on.
        speed: the fastest it can, as `Identity` has it.
        nameless: does it keep its serial number from USB?
    """

    def __init__(
        self, profile: Profile, out: Path, controller: int, speed: str, *, nameless: bool
    ) -> None:
        self._speed = speed
        self._nameless = nameless
        self._off = Event()
        self.media = Media(None if profile.discard else out / profile.serial)
        self.device = Device(profile, self.media)
        name = f"phone{controller}"
        self.gadget = Gadget(name, self._identity(), f"ffs.{name}", controller=controller)
        self._function = FunctionFs(name, FASTBOOT)
        self._hosts = Hosts(self._function)
        self._throttle = open_throttle(profile.link_speed, self._off.wait)
        self._restarts = Event()

    def serve(self) -> None:
        """Be on the bus and answer, host after host, until `switch_off`."""
        with self.gadget, self._function:
            self._hosts.watch()
            self.gadget.plug_in()
            print("ready", flush=True)  # noqa: T201  # whoever started it waits for this line
            hosts = Thread(target=self._answer, name="hosts", daemon=True)
            hosts.start()
            self._off.wait()
            self.gadget.unplug()
            hosts.join(2.0)

    def switch_off(self) -> None:
        self._off.set()

    def _answer(self) -> None:
        while not self._off.is_set():
            if visit := self._hosts.wait(_LOOK_S):
                with suppress(WireGoneError):
                    self._session(visit).run()
            if self._restarts.is_set():
                self._restarts.clear()
                self._restart()

    def _session(self, visit: int) -> Session:
        wire = GadgetWire(self._function, self._hosts, visit, self.gadget.unplug)
        return Session(self.device, wire, self._throttle, self._off.wait, self._restarts.set)

    def _restart(self) -> None:
        self.gadget.unplug()
        if not self._off.wait(self.device.profile.boot_s):
            self.gadget.become(self._identity())
            self.gadget.plug_in()

    def _identity(self) -> Identity:
        product, name = PRODUCTS[self.device.mode], self.device.profile.serial
        serial = "" if self._nameless else name
        return Identity(VENDOR, product, serial, name=name, speed=self._speed)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--serial", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--slots", type=int, default=0)
    parser.add_argument("--max-download", type=int, default=16, help="MiB")
    parser.add_argument("--link-speed", type=int, help="MiB/s")
    parser.add_argument("--discard", action="store_true")
    parser.add_argument("--fault", action="append", default=[])
    parser.add_argument("--controller", type=int, default=0)
    parser.add_argument("--nameless", action="store_true")
    parser.add_argument("--speed", default="super-speed", help="or high-speed")
    asked = parser.parse_args()
    profile = Profile(
        serial=asked.serial,
        slots=asked.slots,
        max_download_size=asked.max_download * MIB,
        discard=asked.discard,
        link_speed=asked.link_speed * MIB if asked.link_speed else None,
        faults=tuple(map(parse_mischief, asked.fault)),
    )
    phone = Phone(profile, asked.out, asked.controller, asked.speed, nameless=asked.nameless)
    signal.signal(signal.SIGTERM, lambda *_: phone.switch_off())
    phone.serve()


if __name__ == "__main__":
    _main()
