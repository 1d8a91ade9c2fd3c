"""Looking at an idle device without disturbing it more than need be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flashyard.agent.clock import Clock
from flashyard.agent.ports import Port
from flashyard.agent.sight import Sight
from flashyard.agent.timing import Timing
from flashyard.agent.watch import Watch
from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.probe import learn
from flashyard.flash.target import Description
from support.brokers import free_port
from support.emulated import Emulated
from support.fake_usb import fake_usb
from support.hub_at_work import Plug

_TIMING = Timing(probing=Limits(connect=1.0, handshake=1.0, getvar=1.0, resend=0.05))


def watching(address: Address) -> tuple[Watch, Sight]:
    sight = Sight(0, 3)
    return Watch(Port("DEVICE_1", address), sight, Clock(), _TIMING), sight


def asked(device: Emulated) -> list[str]:
    told = list(device.device.device.commands)
    device.device.device.commands.clear()
    return told


async def test_over_tcp_the_first_look_learns_all_and_the_others_ask_one_question(
    plug: Plug,
) -> None:
    device = plug(name="Nice")
    watch, sight = watching(device.address)
    assert await watch.look(counts=True)
    assert sight.description is not None
    assert (sight.description.name, sight.is_emulated, sight.online) == ("Nice", True, True)
    assert "getvar:all" in asked(device)
    assert await watch.look(counts=True)
    assert asked(device) == ["getvar:serialno"]


async def test_over_udp_the_others_open_no_session_at_all(plug: Plug) -> None:
    device = plug("DEVICE_1", "udp")
    watch, sight = watching(device.address)
    assert await watch.look(counts=True)
    assert sight.is_emulated
    asked(device)
    assert await watch.look(counts=True)
    assert asked(device) == []


async def test_another_device_at_the_same_address_is_noticed(tmp_path: Path) -> None:
    port = free_port()
    watch, sight = watching(Address("tcp", "127.0.0.1", port))
    for serial in ("FIRST", "SECOND"):
        with EmulatedDevice(Profile(serial=serial), tmp_path, tcp=("127.0.0.1", port)):
            assert await watch.look(counts=True)
            assert sight.description is not None
            assert sight.description.serial == serial


async def test_a_device_that_is_back_is_asked_anew(tmp_path: Path) -> None:
    port = free_port()
    watch, sight = watching(Address("tcp", "127.0.0.1", port))
    for slots in (0, 2):
        profile = Profile(serial="SAME", slots=slots)
        with EmulatedDevice(profile, tmp_path, tcp=("127.0.0.1", port)):
            assert await watch.look(counts=True)
            assert sight.description is not None
            assert len(sight.description.slots) == slots
        assert not await watch.look(counts=True)


async def test_over_udp_a_device_that_was_given_up_is_asked_anew(tmp_path: Path) -> None:
    port = free_port()
    watch, sight = watching(Address("udp", "127.0.0.1", port))
    for serial in ("FIRST", "SECOND"):
        with EmulatedDevice(Profile(serial=serial), tmp_path, udp=("127.0.0.1", port)):
            assert await watch.look(counts=True)
            assert sight.description is not None
            assert sight.description.serial == serial
        while sight.online:
            assert not await watch.look(counts=True)


async def test_what_leaves_while_it_is_asked_is_not_there_whatever_it_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_usb(tmp_path) as bench:
        bench.plug("1-1", "PHONE_1")
        address = bench.at("1-1")
        port = Port("PHONE_1", address, bench.host.sysfs.at(address.station))

        def leave(*asked_for: Any) -> Description:
            answer = learn(*asked_for)
            port.plugged = None
            return answer

        monkeypatch.setattr("flashyard.agent.watch.learn", leave)
        sight = Sight(0, 3)
        assert not await Watch(port, sight, Clock(), _TIMING).look(counts=True)
        assert not sight.online


async def test_it_can_restart_the_device(plug: Plug) -> None:
    device = plug()
    watch, _ = watching(device.address)
    await watch.restart(Limits())
    assert device.commands == ["reboot"]
