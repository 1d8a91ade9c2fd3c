"""Who else might take the devices: an adb server, fwupd, ModemManager, what mounts disks."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from flashyard.doctor.bench import Bench
from flashyard.doctor.finding import About, Finding

_ABOUT = About("other programs")
ADB_PORT = 5037
_ADB_WITHIN = 1.0  # seconds; it is on this very host
_ADB_QUESTION = b"000chost:version"  # AOSP, adb/OVERVIEW.TXT: four hex digits of length first
# As the kernel names them: 15 characters at most.
_MODEM_MANAGER, _FWUPD = "ModemManager", "fwupd"
_MOUNTING = frozenset({"udisksd", "gvfs-udisks2-vo", "udiskie", "usbmount"})


def rivals(bench: Bench, adb_port: int = ADB_PORT) -> list[Finding]:
    """Tell each that runs; who keeps off by our rule is told as well."""
    found = []
    if adb_answers(adb_port):
        found.append(
            _ABOUT.warning(
                f"An adb server (port {adb_port}) holds every device that is in adb mode.",
                "adb kill-server",
            )
        )
    if bench.host.is_container:
        reason = "What runs on the container's host cannot be seen from inside."
        return [*found, _ABOUT.unknown(reason)]
    found += _running(bench)
    return found or [
        _ABOUT.ok("No adb server, fwupd, ModemManager or mounter of disks is in the way.")
    ]


def adb_answers(port: int) -> bool:
    """Ask an adb server for its version; False: there is none, or it is something else."""
    try:
        with socket.create_connection(("127.0.0.1", port), _ADB_WITHIN) as server:
            server.settimeout(_ADB_WITHIN)
            server.sendall(_ADB_QUESTION)
            return server.recv(4) == b"OKAY"
    except OSError:
        return False


def _running(bench: Bench) -> Iterator[Finding]:
    programs = bench.host.programs()
    if _FWUPD in programs:
        yield _ABOUT.warning(
            "fwupd runs, and asks devices in fastboot and DFU mode who they are.",
            "sudo systemctl mask --now fwupd.service",
        )
    if _MODEM_MANAGER in programs:
        yield (
            _ABOUT.ok("ModemManager runs, and keeps off by the udev rule.")
            if bench.is_ruled
            else _ABOUT.warning(
                "ModemManager runs, and asks what is plugged in whether it is a modem.",
                bench.install,
            )
        )
    if mounting := ", ".join(sorted(_MOUNTING & programs)):
        yield from _mounting(bench, mounting)


def _mounting(bench: Bench, programs: str) -> Iterator[Finding]:
    """Only disks are theirs; where none is flashed they are in nobody's way."""
    if not bench.named:
        return
    yield (
        _ABOUT.ok(f"{programs} runs, and leaves the named ports alone by the udev rule.")
        if bench.is_ruled
        else _ABOUT.warning(
            f"{programs} runs, and may mount disks in the ports that are flashed.", bench.install
        )
    )
