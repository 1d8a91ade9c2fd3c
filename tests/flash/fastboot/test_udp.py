from __future__ import annotations

import socket
import struct

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.fastboot.udp import UdpTransport
from support.faults import refused
from support.scripted import Datagram, UdpPeer, udp_device

WAIT = 5.0
BLINK = 0.05
EAGER = Limits(resend=0.02, attempts=3)


def test_a_session_begins_where_the_device_stands_and_wraps_around() -> None:
    def device(peer: UdpPeer) -> None:
        peer.begin(sequence=0xFFFF)
        assert peer.packet() == Datagram(3, 0, 0, b"getvar:product")
        peer.reply()
        assert peer.packet() == Datagram(3, 0, 1, b"")
        peer.reply(b"OKAYoriole")

    with udp_device(device) as address, UdpTransport.connect(address) as transport:
        transport.send(b"getvar:product", WAIT)
        assert transport.receive(WAIT) == b"OKAYoriole"


@pytest.mark.parametrize(("offer", "agreed"), [(512, 512), (1024, 1024), (65535, 8192)])
def test_packets_are_as_large_as_both_ends_can_take(offer: int, agreed: int) -> None:
    content = bytes(range(251)) * 100
    got = bytearray()

    def device(peer: UdpPeer) -> None:
        peer.begin(packet=offer)
        while len(got) < len(content):
            packet = peer.packet()
            got.extend(packet.data)
            assert len(packet.data) == min(agreed - 4, len(content) - len(got) + len(packet.data))
            assert packet.flags == (1 if len(got) < len(content) else 0)
            peer.reply()

    with udp_device(device) as address, UdpTransport.connect(address) as transport:
        transport.open_data(len(content), WAIT)
        data = memoryview(content)
        while data:
            data = data[transport.push(data, WAIT) :]
    assert got == content


def test_an_answer_in_several_packets_is_put_together() -> None:
    def device(peer: UdpPeer) -> None:
        peer.begin()
        peer.packet()
        peer.reply(b"OKAYori", flags=1)
        peer.packet()
        peer.reply(b"ole")

    with udp_device(device) as address, UdpTransport.connect(address) as transport:
        assert transport.receive(WAIT) == b"OKAYoriole"


def test_a_device_with_nothing_to_say_yet_is_asked_again() -> None:
    def device(peer: UdpPeer) -> None:
        peer.begin()
        for answer in (b"", b"", b"OKAY"):
            peer.packet()
            peer.reply(answer)

    with udp_device(device) as address, UdpTransport.connect(address) as transport:
        assert transport.receive(WAIT) == b"OKAY"


def test_a_lost_packet_is_sent_again_and_late_repeats_are_dropped() -> None:
    def device(peer: UdpPeer) -> None:
        peer.packet()  # the first query is lost
        assert peer.packet().id == 1
        peer.reply(struct.pack(">H", 0))
        peer.reply(struct.pack(">H", 0))  # and its reply comes twice
        assert peer.packet().id == 2
        peer.reply(struct.pack(">HH", 1, 512))
        first = peer.packet()
        assert peer.packet() == first == Datagram(3, 0, 1, b"reboot")
        peer.reply(kind=2, sequence=0)
        peer.reply()
        assert peer.packet().sequence == 2
        peer.reply(sequence=1)
        peer.reply(b"OKAY")

    with udp_device(device) as address, UdpTransport.connect(address, EAGER) as transport:
        transport.send(b"reboot", WAIT)
        assert transport.receive(WAIT) == b"OKAY"


def test_a_device_that_never_replies_is_silent_after_the_last_attempt() -> None:
    seen: list[Datagram] = []

    def device(peer: UdpPeer) -> None:
        seen.extend(peer.packet() for _ in range(4))

    with udp_device(device) as address, refused(Code.DEVICE_SILENT):
        UdpTransport.connect(address, EAGER)
    assert seen == [Datagram(1, 0, 0, b"")] * 4


def test_the_wait_ends_before_the_attempts_do() -> None:
    def device(peer: UdpPeer) -> None:
        peer.begin()
        peer.packet()

    with udp_device(device) as address:
        transport = UdpTransport.connect(address)
        with transport, refused(Code.DEVICE_SILENT):
            transport.receive(BLINK)


def test_a_query_alone_begins_no_session() -> None:
    def device(peer: UdpPeer) -> None:
        assert peer.packet().id == 1
        peer.reply(struct.pack(">H", 7))

    with udp_device(device) as address:
        UdpTransport.is_there(address)


def test_where_nobody_listens_the_link_is_lost() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        address = Address("udp", *link.getsockname())
    with refused(Code.LINK_LOST):
        UdpTransport.connect(address)


def test_an_error_packet_ends_the_session_in_the_device_s_own_words() -> None:
    def device(peer: UdpPeer) -> None:
        peer.begin()
        peer.packet()
        peer.reply(b"session lost", kind=0)

    with udp_device(device) as address, UdpTransport.connect(address) as transport:
        with refused(Code.LINK_LOST) as refusal:
            transport.send(b"reboot", WAIT)
        assert refusal.fault.details == "session lost"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(b"\x03", id="no header"),
        pytest.param(b"\x09\x00\x00\x01OKAY", id="unknown kind"),
        pytest.param(b"\x03\x00\x00\x01OKAY", id="an answer nobody asked for"),
    ],
)
def test_packets_that_break_the_rules_end_the_session(reply: bytes) -> None:
    def device(peer: UdpPeer) -> None:
        peer.begin()
        peer.packet()
        peer.raw(reply)

    with (
        udp_device(device) as address,
        UdpTransport.connect(address) as transport,
        refused(Code.PROTOCOL_ERROR),
    ):
        transport.send(b"reboot", WAIT)


@pytest.mark.parametrize("answer", [b"", b"\0\1", struct.pack(">HH", 0, 512), b"\0\1\1\xff"])
def test_a_session_no_host_can_hold_is_not_begun(answer: bytes) -> None:
    def device(peer: UdpPeer) -> None:
        peer.packet()
        peer.reply(struct.pack(">H", 0))
        peer.packet()
        peer.reply(answer)

    with udp_device(device) as address, refused(Code.PROTOCOL_ERROR):
        UdpTransport.connect(address)


def test_an_answer_without_end_is_cut_off() -> None:
    def device(peer: UdpPeer) -> None:
        peer.begin()
        for _ in range(5):
            peer.packet()
            peer.reply(b"x" * 1000, flags=1)

    with (
        udp_device(device) as address,
        UdpTransport.connect(address) as transport,
        refused(Code.PROTOCOL_ERROR),
    ):
        transport.receive(WAIT)
