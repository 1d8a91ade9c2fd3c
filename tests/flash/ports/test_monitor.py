from __future__ import annotations

import json
import subprocess

from flashyard.flash.ports.monitor import Monitor
from support.broker_process import python

STATION = "pci-0000:00:14.0-usb-0:3"


def test_udev_s_events_hurry_the_lookout_on() -> None:
    """On a host that umockdev pretends, and with no scan but the ones that events ask for."""
    command, environment = python("support.mocked_udev")
    ran = subprocess.run(
        ["umockdev-wrapper", *command],
        env=environment,
        capture_output=True,
        check=False,
        timeout=90,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [[], [f"{STATION} fastboot"], [f"{STATION} empty"]]


def test_a_host_without_events_is_only_waited_on() -> None:
    monitor = Monitor()
    monitor.wait(0)
    monitor.wake()
    monitor.wait(3600)
    monitor.close()
    monitor.wake()
