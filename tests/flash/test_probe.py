from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.probe import learn, probe
from support.emulated import HASTY, SERIAL, emulated
from support.faults import refused

BOTH = pytest.mark.parametrize("transport", ["tcp", "udp"])
Transport = Literal["tcp", "udp"]


def test_a_probe_over_tcp_asks_one_question(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp") as device:
        assert probe(device.address) == SERIAL
        assert list(device.device.device.commands) == ["getvar:serialno"]


def test_a_probe_over_udp_disturbs_nobody_s_session(tmp_path: Path) -> None:
    with emulated(tmp_path, "udp") as device, device.connect(print) as other:
        assert other.serial() == SERIAL
        assert probe(device.address) is None
        assert other.serial() == SERIAL
        assert len(device.device.device.commands) == 2


@BOTH
def test_first_contact_tells_all_there_is(tmp_path: Path, transport: Transport) -> None:
    with emulated(tmp_path, transport) as device:
        found = learn(device.address)
        assert (found.serial, found.emulated) == (SERIAL, True)
        assert "system" in found.partitions
        assert device.commands == []


@BOTH
def test_a_device_that_is_gone_is_a_lost_link(tmp_path: Path, transport: Transport) -> None:
    with emulated(tmp_path, transport) as device:
        address = device.address
    with refused(Code.LINK_LOST):
        probe(address, HASTY)
    with refused(Code.LINK_LOST):
        learn(address, HASTY)


def test_a_device_that_hangs_is_silent(tmp_path: Path) -> None:
    with emulated(tmp_path, "tcp", None, "getvar=silence") as device, refused(Code.DEVICE_SILENT):
        probe(device.address, HASTY)


def test_a_session_taken_over_by_another_host_is_a_lost_link_not_an_absent_variable(
    tmp_path: Path,
) -> None:
    with emulated(tmp_path, "udp") as device, device.connect(print, HASTY) as first:
        learn(device.address)
        with refused(Code.LINK_LOST) as refusal:
            first.serial()
        assert refusal.fault.details == "no session"
