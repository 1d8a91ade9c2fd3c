from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.emulator import EmulatedDevice, Profile
from support.fastboot_host import TcpHost, ask, eventually, flash, frame
from support.faults import refused

FREE = ("127.0.0.1", 0)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedDevice]:
    profile = Profile(serial="TCP_1", max_download_size=1 << 20, boot_s=0.2)
    with EmulatedDevice(profile, tmp_path_factory.mktemp("out"), tcp=FREE) as device:
        yield device


def test_both_ends_say_their_version_at_once(device: EmulatedDevice) -> None:
    with TcpHost(device.tcp_address) as host:
        assert ask(host, "getvar:serialno") == b"OKAYTCP_1"


@pytest.mark.parametrize("handshake", [b"FB02", b"FB99"])
def test_a_newer_host_is_spoken_to_in_version_one(device: EmulatedDevice, handshake: bytes) -> None:
    with TcpHost(device.tcp_address, handshake) as host:
        assert ask(host, "getvar:serialno") == b"OKAYTCP_1"


@pytest.mark.parametrize("handshake", [b"FB00", b"GET ", b"FBxx"])
def test_who_is_no_fastboot_host_is_hung_up_on(device: EmulatedDevice, handshake: bytes) -> None:
    with TcpHost(device.tcp_address, handshake) as host:
        assert host.hung_up()


@settings(max_examples=40, deadline=None)
@given(data=st.binary(min_size=1, max_size=3000), draw=st.data())
def test_a_download_arrives_however_it_is_framed_and_cut(
    device: EmulatedDevice, data: bytes, draw: st.DataObject
) -> None:
    """Frames end anywhere, empty ones included, and so do the packets that carry them."""
    ends = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=6)))
    frames = [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]
    stream = frame(b"download:%08x" % len(data)) + b"".join(frame(one) for one in frames)
    stream += frame(b"flash:boot")
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    with TcpHost(device.tcp_address) as host:
        for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            host.socket.sendall(stream[a:b])
        assert host.hear() == b"DATA%08x" % len(data)
        assert host.hear() == b"OKAY"
        assert host.hear().startswith(b"INFO")
        assert host.hear() == b"OKAY"
    padded = data + bytes(-len(data) % 4096)
    assert device.partition_file("boot").read_bytes() == padded


def test_more_data_than_announced_ends_the_session(device: EmulatedDevice) -> None:
    with TcpHost(device.tcp_address) as host:
        assert ask(host, "download:00000004") == b"DATA00000004"
        host.push(b"fivebytes")
        assert host.hung_up()


def test_a_frame_no_command_can_fill_ends_the_session(device: EmulatedDevice) -> None:
    with TcpHost(device.tcp_address) as host:
        host.socket.sendall(struct.pack(">Q", 1 << 60) + b"getvar:all")
        assert host.hung_up()


def test_an_aborted_download_leaves_nothing_behind(device: EmulatedDevice) -> None:
    with TcpHost(device.tcp_address) as host:
        assert ask(host, "download:00010000") == b"DATA00010000"
        host.push(b"x" * 100)
    with TcpHost(device.tcp_address) as host:
        assert ask(host, "flash:boot").startswith(b"FAIL")
        assert flash(host, "boot", b"whole") == b"OKAY"
        assert device.partition_file("boot").read_bytes().rstrip(b"\0") == b"whole"
    directory = device.partition_file("boot").parent
    assert eventually(lambda: [path.name for path in directory.iterdir()] == ["boot.img"])


def test_hosts_do_not_wait_for_each_other(device: EmulatedDevice) -> None:
    with TcpHost(device.tcp_address) as first, TcpHost(device.tcp_address) as second:
        assert ask(first, "download:00000003") == b"DATA00000003"
        assert ask(second, "getvar:serialno") == b"OKAYTCP_1"
        first.push(b"abc")
        assert first.hear() == b"OKAY"


def test_a_restarting_device_drops_everybody_and_refuses_connections(tmp_path: Path) -> None:
    profile = Profile(serial="TCP_2", boot_s=600)
    with EmulatedDevice(profile, tmp_path, tcp=FREE) as device:
        with TcpHost(device.tcp_address) as host, TcpHost(device.tcp_address) as bystander:
            assert ask(host, "reboot") == b"OKAY"
            assert bystander.hung_up()
        with pytest.raises(ConnectionRefusedError):
            TcpHost(device.tcp_address)


def test_a_restarted_device_is_back_on_its_port(device: EmulatedDevice) -> None:
    address = device.tcp_address
    for command in ("reboot", "shutdown"):
        boots = device.device.boots
        with TcpHost(address) as host:
            assert ask(host, command) == b"OKAY"
        assert eventually(lambda: device.device.boots == boots + 1)  # noqa: B023 - called at once
        assert eventually(lambda: answers(address))
    assert device.tcp_address == address


def test_a_device_that_is_switched_off_hangs_up(tmp_path: Path) -> None:
    with EmulatedDevice(Profile(serial="TCP_2"), tmp_path, tcp=FREE) as device:
        address = device.tcp_address
        with TcpHost(address) as host:
            assert ask(host, "getvar:serialno") == b"OKAYTCP_2"
            device.__exit__()
            assert host.hung_up()
    with pytest.raises(ConnectionRefusedError):
        TcpHost(address)


def test_a_taken_port_is_said_to_be(device: EmulatedDevice, tmp_path: Path) -> None:
    late = EmulatedDevice(Profile(serial="TCP_3"), tmp_path, tcp=device.tcp_address)
    with refused(Code.PORT_IN_USE) as refusal, late:
        pass
    assert str(device.tcp_address[1]) in refusal.fault.sentence


def answers(address: tuple[str, int]) -> bool:
    try:
        with TcpHost(address) as host:
            return ask(host, "getvar:serialno") == b"OKAYTCP_1"
    except ConnectionRefusedError:
        return False
