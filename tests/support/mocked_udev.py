"""A host with USB as umockdev pretends it: run by `umockdev-wrapper`, so that libudev believes it.

`python -m support.mocked_udev` plugs a phone in and out and prints what the lookout told.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from queue import Queue
from threading import Thread

from flashyard.flash.ports.lookout import Lookout
from flashyard.flash.ports.modes import classify
from flashyard.flash.ports.monitor import Monitor
from flashyard.flash.ports.settling import Change
from flashyard.flash.ports.sysfs import Sysfs

DEBIAN = "/usr/lib/python3/dist-packages"  # where GObject's bindings are
_NEVER = 3600.0  # seconds: no scan is made but for an event
_WITHIN = 20.0
_ROOT_HUB = {"version": " 2.00", "bDeviceClass": "09", "busnum": "1", "devnum": "1"}
_PHONE = {
    "busnum": "1",
    "devnum": "7",
    "idVendor": "18d1",
    "idProduct": "4ee0",
    "bDeviceClass": "00",
    "bConfigurationValue": "1",
    "bNumInterfaces": " 1",
    "serial": "PHONE_1",
    "speed": "480",
}
_FASTBOOT = {"bInterfaceClass": "ff", "bInterfaceSubClass": "42", "bInterfaceProtocol": "03"}


def _listed(words: dict[str, str]) -> list[str]:
    return [word for pair in words.items() for word in pair]


def main() -> None:
    sys.path.append(DEBIAN)  # after our own: it has more than the bindings
    import_module("gi").require_version("UMockdev", "1.0")
    testbed = import_module("gi.repository.UMockdev").Testbed.new()
    controller = testbed.add_device("pci", "0000:00:14.0", None, [], [])
    hub = testbed.add_device("usb", "usb1", controller, _listed(_ROOT_HUB), [])
    told: Queue[list[Change] | None] = Queue()
    with Monitor() as monitor:
        lookout = Lookout(Sysfs(), monitor, rescan=_NEVER)

        def look() -> None:
            while (changes := lookout.changes()) is not None:
                told.put(changes)

        looking = Thread(target=look, daemon=True)
        looking.start()
        answers = [_words(told)]
        phone = testbed.add_device("usb", "1-3", hub, _listed(_PHONE), [])
        testbed.add_device("usb", "1-3:1.0", phone, _listed(_FASTBOOT), [])
        testbed.uevent(phone, "add")
        answers.append(_words(told))
        testbed.remove_device(f"{phone}/1-3:1.0")
        testbed.remove_device(phone)
        testbed.uevent(hub, "change")
        answers.append(_words(told))
        lookout.end()
        looking.join(_WITHIN)
    json.dump(answers, sys.stdout)


def _words(told: Queue[list[Change] | None]) -> list[str]:
    return [
        f"{change.station} {classify(change.after).mode if change.after else 'empty'}"
        for change in told.get(timeout=_WITHIN) or []
    ]


if __name__ == "__main__":
    main()
