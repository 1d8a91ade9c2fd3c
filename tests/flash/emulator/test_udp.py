from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.emulator import EmulatedDevice, Profile
from support.fastboot_host import UdpHost, ask, eventually, flash, replies
from support.faults import refused

FREE = ("127.0.0.1", 0)
ERROR, QUERY, INIT, FASTBOOT = range(4)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedDevice]:
    profile = Profile(serial="UDP_1", max_download_size=1 << 20, boot_s=0.1)
    with EmulatedDevice(profile, tmp_path_factory.mktemp("out"), udp=FREE) as device:
        yield device


@pytest.mark.parametrize("packet", [512, 1024, 8192, 65535])
def test_both_sides_take_the_smaller_packet(device: EmulatedDevice, packet: int) -> None:
    with UdpHost(device.udp_address, packet) as host:
        assert host.payload == min(packet, 8192) - 4
        assert flash(host, "boot", bytes(range(256)) * 100) == b"OKAY"
    assert device.partition_file("boot").read_bytes()[:25600] == bytes(range(256)) * 100


@pytest.mark.parametrize("terms", [b"", struct.pack(">HH", 0, 1024), struct.pack(">HH", 1, 511)])
def test_impossible_terms_are_refused(device: EmulatedDevice, terms: bytes) -> None:
    host = UdpHost(device.udp_address)
    with host.socket:
        host.query()
        assert host.exchange(INIT, terms)[0] == ERROR
        host.begin()
        assert ask(host, "getvar:serialno") == b"OKAYUDP_1"


def test_a_query_neither_counts_nor_disturbs(device: EmulatedDevice) -> None:
    other = UdpHost(device.udp_address)
    with UdpHost(device.udp_address) as host, other.socket:
        assert other.query() == other.query() == host.number
        assert ask(host, "getvar:serialno") == b"OKAYUDP_1"


def test_a_long_reply_goes_on_in_the_next_packet(tmp_path: Path) -> None:
    profile = Profile(serial="UDP_2", name="n" * 252)
    with EmulatedDevice(profile, tmp_path, udp=FREE) as device, UdpHost(device.udp_address) as host:
        device._udp._exchange.payload = 100  # type: ignore[union-attr]  # it is open
        host.say(b"getvar:flashyard-name")
        assert [host.next(b"") for _ in range(3)] == [
            (1, b"OKAY" + b"n" * 96),
            (1, b"n" * 100),
            (0, b"n" * 56),
        ]


@settings(max_examples=25, deadline=None)
@given(data=st.binary(min_size=1, max_size=6000), draw=st.data())
def test_packets_may_come_twice_and_replies_get_lost(
    device: EmulatedDevice, data: bytes, draw: st.DataObject
) -> None:
    """A host that repeats any packet any number of times hears the kept reply each time."""

    class Stutterer(UdpHost):
        def exchange(
            self, kind: int, data: bytes, flags: int = 0, number: int | None = None
        ) -> tuple[int, int, int, bytes]:
            first = super().exchange(kind, data, flags, number)
            if kind != QUERY:
                for _ in range(draw.draw(st.integers(0, 2))):
                    assert super().exchange(kind, data, flags, number) == first
            return first

    downloads = device.device.counts["download"]
    received = device.device.received
    with Stutterer(device.udp_address, 512) as host:
        assert flash(host, "boot", data) == b"OKAY"
    assert device.partition_file("boot").read_bytes() == data + bytes(-len(data) % 4096)
    assert device.device.counts["download"] == downloads + 1
    assert device.device.received == received + len(data)


def test_a_packet_out_of_order_is_not_heard(device: EmulatedDevice) -> None:
    with UdpHost(device.udp_address) as host:
        for number in (host.number + 1, host.number - 2, host.number + 32768):
            host.post(FASTBOOT, b"getvar:product", number=number % 65536)
        assert host.silent()
        assert ask(host, "getvar:serialno") == b"OKAYUDP_1"


def test_the_numbers_go_round(device: EmulatedDevice) -> None:
    with UdpHost(device.udp_address, 512) as host:
        device._udp._exchange._expected = host.number = 65534  # type: ignore[union-attr]
        assert flash(host, "boot", b"x" * 3000) == b"OKAY"
        assert host.number < 100


def test_the_last_init_wins(device: EmulatedDevice) -> None:
    with UdpHost(device.udp_address) as first:
        assert ask(first, "download:00000800") == b"DATA00000800"
        first.push(b"half")
        with UdpHost(device.udp_address) as second:
            first.number = second.number
            kind, _, _, told = first.exchange(FASTBOOT, b"more")
            assert (kind, told) == (ERROR, b"no session")
            assert ask(second, "flash:boot") == b"FAILno image was downloaded"
            assert flash(second, "boot", b"whole") == b"OKAY"
        first.begin()
        assert ask(first, "getvar:serialno") == b"OKAYUDP_1"
    directory = device.partition_file("boot").parent
    assert [path.name for path in directory.iterdir()] == ["boot.img"]


def test_a_packet_over_the_agreed_size_ends_the_session(device: EmulatedDevice) -> None:
    with UdpHost(device.udp_address, 512) as host:
        assert host.exchange(FASTBOOT, b"x" * 509)[::3] == (ERROR, b"packet too large")
        host.begin()
        assert ask(host, "getvar:serialno") == b"OKAYUDP_1"


def test_data_instead_of_listening_ends_the_session(device: EmulatedDevice) -> None:
    with UdpHost(device.udp_address) as host:
        host.say(b"getvar:serialno")
        assert host.exchange(FASTBOOT, b"getvar:product")[0] == ERROR


def test_an_endless_command_ends_the_session(device: EmulatedDevice) -> None:
    with UdpHost(device.udp_address) as host:
        assert [host.exchange(FASTBOOT, b"x" * 1000, flags=1)[0]] == [FASTBOOT]
        kinds = []
        for _ in range(4):
            host.number += 1
            kinds.append(host.exchange(FASTBOOT, b"x" * 1000, flags=1)[0])
        assert kinds == [FASTBOOT, FASTBOOT, FASTBOOT, ERROR]


def test_what_is_no_packet_is_not_heard(device: EmulatedDevice) -> None:
    with UdpHost(device.udp_address) as host:
        for noise in (
            b"",
            b"\x03\x00\x00",
            b"\x07\x00\x00\x00getvar:product",
            b"\x00\x00\x00\x00no",
        ):
            host.socket.send(noise)
        assert host.silent()
        assert ask(host, "getvar:serialno") == b"OKAYUDP_1"


def test_an_info_line_takes_an_empty_packet_of_its_own(device: EmulatedDevice) -> None:
    with UdpHost(device.udp_address) as host:
        lines = replies(host, "getvar:all")
        assert b"INFOserialno:UDP_1" in lines
        assert lines[-1] == b"OKAY"


def test_a_restarting_device_repeats_its_last_reply_and_then_hears_nothing(tmp_path: Path) -> None:
    profile = Profile(serial="UDP_2", boot_s=600)
    with EmulatedDevice(profile, tmp_path, udp=FREE) as device, UdpHost(device.udp_address) as host:
        assert ask(host, "reboot") == b"OKAY"
        assert host.exchange(FASTBOOT, b"", number=host.number - 1)[3] == b"OKAY"
        assert eventually(lambda: device.device.boots == 1)
        host.post(QUERY, b"")
        assert host.silent()


def test_a_restarted_device_is_back(device: EmulatedDevice) -> None:
    with UdpHost(device.udp_address) as host:
        assert ask(host, "reboot-fastboot") == b"OKAY"
    assert eventually(lambda: answers(device.udp_address))
    with UdpHost(device.udp_address) as host:
        assert ask(host, "getvar:is-userspace") == b"OKAYyes"


def test_a_taken_port_is_said_to_be(device: EmulatedDevice, tmp_path: Path) -> None:
    late = EmulatedDevice(Profile(serial="UDP_3"), tmp_path, udp=device.udp_address)
    with refused(Code.PORT_IN_USE) as refusal, late:
        pass
    assert str(device.udp_address[1]) in refusal.fault.sentence


def answers(address: tuple[str, int]) -> bool:
    host = UdpHost(address)
    host.socket.settimeout(0.2)
    with host.socket:
        try:
            host.query()
        except TimeoutError:
            return False
        return True
