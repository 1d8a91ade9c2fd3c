"""The udev rule: who may open what is flashed, and who is kept off it. The one source of its text.

Source: systemd, udev(7), sd-login's `uaccess`; 60-persistent-storage.rules for ID_PATH;
ModemManager, `ID_MM_DEVICE_IGNORE`; udisks(8), `UDISKS_IGNORE`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from flashyard.contract.faults import Code, refuse
from flashyard.settings import PortRule

FILE = "70-flashyard.rules"  # below 73, where seats are given what is tagged "uaccess"
GROUP = "plugdev"
EVERY_PORT = "*"

_NAME = r"[a-z_][a-z0-9_-]{0,30}"
_GROUP_NAME = re.compile(_NAME)
# In a udev match `|` parts alternatives and a quote ends it; neither is in any port's name.
_PORT_GLOB = re.compile(r"[A-Za-z0-9._:*?\[\]!@+-]+")
_WRITTEN_GROUP = re.compile(rf'GROUP="({_NAME})"')

_TEXT = """\
# Devices that flashyard flashes: who may open them, and who keeps off.
# `flashyard doctor --install-udev` writes this file anew; what should last belongs into another.

ACTION=="remove", GOTO="flashyard_end"
SUBSYSTEM=="block", GOTO="flashyard_disk"
SUBSYSTEM!="usb", GOTO="flashyard_end"
ENV{{DEVTYPE}}!="usb_device", GOTO="flashyard_end"

# Known by what they speak: fastboot, DFU, and what can be sent into DFU. Never by their makers.
ENV{{ID_USB_INTERFACES}}=="*:ff4203:*|*:fe0102:*", GOTO="flashyard_device"
ENV{{ID_USB_INTERFACES}}=="*:fe0101:*", MODE="0660", GROUP="{group}", TAG+="uaccess"
GOTO="flashyard_end"

# Given to the group and to whoever sits at the screen; no modem; never put to sleep.
LABEL="flashyard_device"
MODE="0660", GROUP="{group}", TAG+="uaccess", ENV{{ID_MM_DEVICE_IGNORE}}="1"
TEST=="power/control", ATTR{{power/control}}="on"
GOTO="flashyard_end"

LABEL="flashyard_disk"
{disks}
LABEL="flashyard_end"
"""
_NO_DISKS = "# No port was named (--usb-port), so no disk is given away.\n"
_DISKS = """\
# Disks and cards in the ports that were named: given to the group, and never mounted by themselves.
SUBSYSTEMS=="usb", ENV{{ID_PATH}}=="{paths}", \\
  MODE="0660", GROUP="{group}", TAG+="uaccess", ENV{{UDISKS_IGNORE}}="1"
"""


def named_ports(ports: Sequence[PortRule]) -> list[str]:
    """List the globs of the ports that were named; taking all of them names none."""
    return [port.glob for port in ports if port.glob != EVERY_PORT]


def rule(ports: Sequence[PortRule] = (), group: str = GROUP) -> str:
    """Write the rule.

    Args:
        ports: the stations whose disks are flashed; fastboot and DFU are known without.
        group: may open what is flashed.

    Raises:
        FaultError: `invalid_request`: a name that cannot stand in a rule.
    """
    if not _GROUP_NAME.fullmatch(group):
        raise refuse(
            Code.INVALID_REQUEST,
            f"{group!r} is no name of a group.",
            hint=f"Leave out --udev-group for the usual one, {GROUP}.",
        )
    globs = named_ports(ports)
    for glob in globs:
        if not _PORT_GLOB.fullmatch(glob):
            raise refuse(
                Code.INVALID_REQUEST,
                f"--usb-port {glob!r} cannot be written into a udev rule.",
                hint="Use letters, digits, . : - _ and the wildcards * ? [] alone.",
            )
    # What hangs on a USB port has the port's path and more as its own.
    paths = "|".join(f"{glob}:*" for glob in globs)
    disks = _DISKS.format(paths=paths, group=group) if globs else _NO_DISKS
    return _TEXT.format(group=group, disks=disks)


def group_of(text: str) -> str:
    """Tell which group a written rule gives devices to."""
    found = _WRITTEN_GROUP.search(text)
    return found[1] if found else GROUP
