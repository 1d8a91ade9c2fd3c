"""A host with USB as umockdev pretends it, and what udev's own `udevadm test` makes of our rule.

Run by `umockdev-wrapper`, as root of a namespace of its own. `python -m support.ruled_udev RULES`
prints, by device, what RULES say of it, and the properties it ends with.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from support.mocked_udev import DEBIAN

_PLACE = Path("/run/udev/rules.d")
_SAID = re.compile(r"70-flashyard\.rules:\d+ (GROUP \d+|MODE \d+|ATTR .*)$", re.MULTILINE)
_SPOKEN = {
    "fastboot": ":ff4203:",
    "adb-and-fastboot": ":ff4201:ff4203:",
    "dfu": ":fe0102:",
    "dfu-later": ":030101:fe0101:",
    "mouse": ":030102:",
}


def _listed(words: dict[str, str]) -> list[str]:
    return [word for pair in words.items() for word in pair]


def main() -> None:
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    _PLACE.mkdir(parents=True)
    (_PLACE / "70-flashyard.rules").write_bytes(Path(sys.argv[1]).read_bytes())
    sys.path.append(DEBIAN)  # after our own: it has more than the bindings
    import_module("gi").require_version("UMockdev", "1.0")
    testbed = import_module("gi.repository.UMockdev").Testbed.new()
    controller = testbed.add_device("pci", "0000:00:14.0", None, [], [])
    said = {name: _test(_usb(testbed, controller, name)) for name in _SPOKEN}
    for name, port in (("disk", "1.4"), ("other-disk", "2")):
        said[name] = _test(_disk(testbed, controller, name, port))
    json.dump(said, sys.stdout)


def _usb(testbed: Any, controller: str, name: str) -> str:
    told = {"idVendor": "18d1", "idProduct": "4ee0", "power/control": "auto"}
    words = {"DEVTYPE": "usb_device", "ID_USB_INTERFACES": _SPOKEN[name]}
    path: str = testbed.add_device("usb", name, controller, _listed(told), _listed(words))
    return path


def _disk(testbed: Any, controller: str, name: str, port: str) -> str:
    parent = testbed.add_device("usb", f"usb-of-{name}", controller, [], [])
    words = {"DEVTYPE": "disk", "ID_PATH": f"pci-0000:00:14.0-usb-0:{port}:1.0-scsi-0:0:0:0"}
    path: str = testbed.add_device("block", name, parent, [], _listed(words))
    return path


def _test(path: str) -> list[str]:
    ran = subprocess.run(
        ["udevadm", "test", "--action=add", path], capture_output=True, text=True, check=True
    )
    wrong = [line for line in ran.stderr.splitlines() if "70-flashyard.rules" in line]
    assert not [line for line in wrong if "nvalid" in line or "nknown" in line], wrong
    properties = [line for line in ran.stdout.splitlines() if "=" in line]
    return [*_SAID.findall(ran.stderr), *properties]


if __name__ == "__main__":
    main()
