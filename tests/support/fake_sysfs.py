"""A sysfs of our own making: controllers, root hubs, ports, and devices that come and go."""

from __future__ import annotations

import shutil
from pathlib import Path

from flashyard.flash.ports.station import place

FASTBOOT = (0xFF, 0x42, 0x03, "fastboot")
ADB = (0xFF, 0x42, 0x01, "ADB Interface")
_PCI = "devices/pci0000:00/0000:00:14.0"


class FakeSysfs:
    """A host with one xHCI controller: bus 1 is its USB 2 half, bus 2 its USB 3 half.

    Port 1 of bus 2 is the other half of port 4 of bus 1, as on real boards; port 9 has no peer.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._addresses = 1
        self._bus = root / "bus/usb/devices"
        self._bus.mkdir(parents=True)
        controller = root / _PCI
        controller.mkdir(parents=True)
        self._subsystem(controller, "pci")
        for bus, version in ((1, "2.00"), (2, "3.00")):
            hub = controller / f"usb{bus}"
            (hub / f"{bus}-0:1.0").mkdir(parents=True)
            self._subsystem(hub, "usb")
            (hub / "version").write_text(f" {version}\n")
            (self._bus / hub.name).symlink_to(hub)
            for port in range(1, 10):
                (hub / f"{bus}-0:1.0" / f"usb{bus}-port{port}").mkdir()
        fast = controller / "usb2/2-0:1.0/usb2-port1"
        (fast / "peer").symlink_to(controller / "usb1/1-0:1.0/usb1-port4")
        memory = root / "module/usbcore/parameters"
        memory.mkdir(parents=True)
        (memory / "usbfs_memory_mb").write_text("16\n")

    def plug(
        self,
        name: str,
        *functions: tuple[int, int, int, str],
        ids: tuple[int, int] = (0x18D1, 0x4EE0),
        serial: str | None = None,
        model: str | None = None,
        configured: bool = True,
    ) -> int:
        """Put a device into a port; return its address."""
        self._addresses += 1
        where = place(name)
        assert where is not None
        hub = self._bus.joinpath(f"usb{where.bus}").resolve()
        directory = hub / name
        directory.mkdir()
        self._subsystem(directory, "usb")
        (directory / "port").symlink_to(hub / f"{where.bus}-0:1.0/usb{where.bus}-port{where.path}")
        told = {
            "devnum": str(self._addresses),
            "busnum": str(where.bus),
            "idVendor": f"{ids[0]:04x}",
            "idProduct": f"{ids[1]:04x}",
            "bDeviceClass": "00",
            "speed": "480",
            "serial": serial,
            "product": model,
        }
        if configured:
            told |= {"bConfigurationValue": "1", "bNumInterfaces": f"{len(functions):2d}"}
        for attribute, value in told.items():
            if value is not None:
                (directory / attribute).write_text(f"{value}\n")
        (self._bus / name).symlink_to(directory)
        for number, function in enumerate(functions):
            self._function(f"{name}:1.{number}", directory, function)
        return self._addresses

    def _function(self, name: str, of: Path, function: tuple[int, int, int, str]) -> None:
        directory = of / name
        directory.mkdir()
        for part, code in zip(("Class", "SubClass", "Protocol"), function[:3], strict=True):
            (directory / f"bInterface{part}").write_text(f"{code:02x}\n")
        (directory / "interface").write_text(f"{function[3]}\n")
        (self._bus / name).symlink_to(directory)

    def unplug(self, name: str) -> None:
        directory = (self._bus / name).resolve()
        for link in (*self._bus.glob(f"{name}:*"), self._bus / name):
            link.unlink()
        shutil.rmtree(directory)

    def _subsystem(self, of: Path, name: str) -> None:
        kind = self.root / "bus" / name
        kind.mkdir(parents=True, exist_ok=True)
        (of / "subsystem").symlink_to(kind)
