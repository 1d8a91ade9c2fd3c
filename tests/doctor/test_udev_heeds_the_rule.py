"""The rule as udev itself understands it, on a host that umockdev pretends."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from flashyard.doctor.rule import rule
from flashyard.settings import PortRule
from support.broker_process import python

APART = ["unshare", "--mount", "--map-root-user"]
GIVEN = {"GROUP 1", "MODE 0660"}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What is made of each device."""
    assert shutil.which("udevadm"), "the tests need the udev package, see tests/install-peers"
    if subprocess.run([*APART, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no namespace of one's own may be made here")
    file = tmp_path_factory.mktemp("rules") / "rule"
    file.write_text(rule([PortRule("*-usb-0:1.*")], group="daemon"))
    command, environment = python("support.ruled_udev", str(file))
    ran = subprocess.run(
        [*APART, "umockdev-wrapper", *command],
        env=environment,
        capture_output=True,
        check=False,
        timeout=90,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return {name: set(lines) for name, lines in json.loads(ran.stdout).items()}


@pytest.mark.parametrize("device", ["fastboot", "adb-and-fastboot", "dfu"])
def test_what_is_flashed_is_given_away_kept_from_modem_manager_and_awake(
    said: dict[str, set[str]], device: str
) -> None:
    assert said[device] >= GIVEN
    assert "ID_MM_DEVICE_IGNORE=1" in said[device]
    assert any(line.startswith("TAGS=") and "uaccess" in line for line in said[device])
    assert any("power/control' writing 'on'" in line for line in said[device])


def test_what_can_be_sent_into_dfu_is_given_away_and_otherwise_left_alone(
    said: dict[str, set[str]],
) -> None:
    assert said["dfu-later"] >= GIVEN
    assert not any("power" in line or "ID_MM" in line for line in said["dfu-later"])


@pytest.mark.parametrize("device", ["mouse", "other-disk"])
def test_what_is_none_of_ours_is_left_alone(said: dict[str, set[str]], device: str) -> None:
    assert not said[device] & GIVEN
    assert not any("ID_MM" in line or "UDISKS" in line for line in said[device])


def test_a_disk_in_a_named_port_is_given_away_and_not_mounted_by_itself(
    said: dict[str, set[str]],
) -> None:
    assert said["disk"] >= GIVEN
    assert "UDISKS_IGNORE=1" in said["disk"]
