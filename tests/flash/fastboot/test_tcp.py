from __future__ import annotations

import socket
import struct
from threading import Event

import pytest

from flashyard.contract.faults import Code
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.tcp import TcpTransport
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.source import MIB
from support.faults import refused
from support.scripted import DEADLINE, TcpPeer, tcp_device

SHORT = Limits(connect=1.0, handshake=0.05)
WAIT = 5.0
BLINK = 0.05


def nothing(_peer: TcpPeer) -> None:
    """Say and do nothing more."""


def test_an_answer_comes_back_whole_however_it_is_cut_on_the_way() -> None:
    def device(peer: TcpPeer) -> None:
        assert peer.message() == b"getvar:product"
        for byte in struct.pack(">Q", 8) + b"OKAYoriole"[:8]:
            peer.connection.sendall(bytes([byte]))

    with tcp_device(device) as address, TcpTransport.connect(address) as transport:
        transport.send(b"getvar:product", WAIT)
        assert transport.receive(WAIT) == b"OKAYorio"


def test_the_whole_download_is_one_message() -> None:
    content = bytes(range(256)) * 1000

    def device(peer: TcpPeer) -> None:
        assert peer.message() == content

    with tcp_device(device) as address, TcpTransport.connect(address) as transport:
        transport.open_data(len(content), WAIT)
        data = memoryview(content)
        while data:
            data = data[transport.push(data, WAIT) :]


@pytest.mark.parametrize("hello", [b"FB02", b"FB99"])
def test_a_device_of_a_newer_version_is_spoken_to_in_ours(hello: bytes) -> None:
    def device(peer: TcpPeer) -> None:
        peer.connection.sendall(hello)
        assert peer.read(4) == b"FB01"

    with tcp_device(device, greet=False) as address:
        TcpTransport.connect(address).close()


@pytest.mark.parametrize("hello", [b"FB00", b"HTTP", b"FBxx"])
def test_whoever_does_not_greet_like_fastboot_is_not_a_device(hello: bytes) -> None:
    def device(peer: TcpPeer) -> None:
        peer.connection.sendall(hello)

    with tcp_device(device, greet=False) as address, refused(Code.PROTOCOL_ERROR) as refusal:
        TcpTransport.connect(address)
    assert refusal.fault.details == hello.decode()


def test_a_device_that_does_not_greet_is_silent() -> None:
    with (
        tcp_device(TcpPeer.host_hangs_up, greet=False) as address,
        refused(Code.DEVICE_SILENT) as refusal,
    ):
        TcpTransport.connect(address, SHORT)
    assert str(address) in refusal.fault.sentence


def test_where_nobody_listens_the_link_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address("tcp", *listener.getsockname())
    with refused(Code.LINK_LOST) as refusal:
        TcpTransport.connect(address, SHORT)
    assert "refused" in (refusal.fault.details or "").lower()


def test_a_name_that_cannot_be_one_is_a_lost_link() -> None:
    with refused(Code.LINK_LOST):
        TcpTransport.connect(Address("tcp", "no..host"), SHORT)


def test_a_device_that_hangs_up_is_a_lost_link() -> None:
    with tcp_device(nothing) as address, TcpTransport.connect(address) as transport:
        with refused(Code.LINK_LOST) as refusal:
            transport.receive(WAIT)
        assert refusal.fault.details == "the device closed the connection"


def test_half_an_answer_is_silence_in_the_end() -> None:
    def device(peer: TcpPeer) -> None:
        peer.connection.sendall(struct.pack(">Q", 8) + b"OK")
        peer.host_hangs_up()

    with (
        tcp_device(device) as address,
        TcpTransport.connect(address) as transport,
        refused(Code.DEVICE_SILENT),
    ):
        transport.receive(BLINK)


def test_an_answer_longer_than_any_device_gives_is_not_waited_for() -> None:
    def device(peer: TcpPeer) -> None:
        peer.connection.sendall(struct.pack(">Q", 4097))
        peer.host_hangs_up()

    with tcp_device(device) as address, TcpTransport.connect(address) as transport:
        with refused(Code.PROTOCOL_ERROR) as refusal:
            transport.receive(WAIT)
        assert "4097" in refusal.fault.sentence


def test_a_device_that_takes_no_more_bytes_is_silent() -> None:
    given_up = Event()

    def device(_peer: TcpPeer) -> None:
        assert given_up.wait(DEADLINE)

    data = memoryview(bytes(1 << 20))
    with tcp_device(device) as address, TcpTransport.connect(address) as transport:
        with refused(Code.DEVICE_SILENT):
            transport.open_data(1 << 40, WAIT)
            while True:
                transport.push(data, BLINK)
        given_up.set()


def test_what_was_taken_is_told_before_all_of_it_is() -> None:
    over = Event()

    def device(peer: TcpPeer) -> None:
        peer.read(MIB)
        assert over.wait(DEADLINE)

    content = memoryview(bytes(64 * MIB))
    with tcp_device(device) as address, TcpTransport.connect(address) as transport:
        transport.open_data(len(content), WAIT)
        taken = transport.push(content, WAIT)
        over.set()
    assert MIB <= taken < len(content)
