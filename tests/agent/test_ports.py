from __future__ import annotations

from pathlib import Path

from flashyard.agent.ports import Port, configured
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.fastboot.usb import UsbAddress
from flashyard.flash.ports.plugged import Function, Plugged
from flashyard.flash.ports.sysfs import Sysfs
from flashyard.flash.usb.host import UsbHost
from support.hub_at_work import settings

FASTBOOT = Function(0xFF, 0x42, 0x03)
ADB = Function(0xFF, 0x42, 0x01)


def test_configured_devices_are_found_where_they_were_configured(tmp_path: Path) -> None:
    addresses = {"A": Address("tcp", "127.0.0.1", 5554), "B": Address("udp", "127.0.0.1", 5555)}
    ports = configured(settings("mqtt://127.0.0.1", tmp_path, addresses))
    assert [(port.device_id, port.address) for port in ports] == list(addresses.items())
    assert all(port.is_flashable and not port.is_empty for port in ports)


def test_a_port_on_usb_is_empty_until_something_is_plugged_in(tmp_path: Path) -> None:
    port = Port("PHONE_1", UsbAddress(UsbHost(Sysfs(tmp_path)), "station", "Bench 1", "PHONE_1"))
    assert port.is_empty
    assert not port.is_flashable
    assert str(port.address) == "Bench 1"
    port.plugged = Plugged("station", "1-1", 1, 2, 0x18D1, 0x4EE0, (ADB,))
    assert not port.is_empty
    assert not port.is_flashable
    port.plugged = Plugged("station", "1-1", 1, 3, 0x18D1, 0x4EE0, (FASTBOOT,))
    assert port.is_flashable
