from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code
from flashyard.flash.fastboot import client as grammar
from flashyard.flash.fastboot.client import Client
from flashyard.flash.fastboot.limits import Limits
from flashyard.flash.fastboot.tcp import TcpTransport
from support.faults import refused
from support.scripted import DEADLINE, TcpPeer, tcp_device

WAIT = 5.0
BLINK = 0.05


def ignore(_line: str) -> None:
    """Nobody listens to what the device says."""


@contextmanager
def talking_to(
    *exchange: tuple[str, tuple[bytes, ...]], limits: Limits | None = None
) -> Iterator[tuple[Client, list[str]]]:
    """Connect a client to a device that expects each command and gives each answer."""

    def device(peer: TcpPeer) -> None:
        for command, answers in exchange:
            peer.expect(command, *answers)
        peer.host_hangs_up()

    lines: list[str] = []
    with tcp_device(device) as address, TcpTransport.connect(address) as transport:
        yield Client(transport, lines.append, limits or Limits()), lines


def test_what_the_device_says_on_the_way_is_told_line_by_line() -> None:
    answers = (b"INFOerasing", b"TEXThalf ", b"INFOdone", b"OKAY42")
    with talking_to(("erase:system", answers)) as (client, lines):
        assert client.command("erase:system", WAIT) == "42"
        assert lines == ["erasing", "half ", "done"]


def test_a_refusal_carries_the_device_s_words_verbatim_and_leaves_the_session_usable() -> None:
    with talking_to(
        ("flash:boot", (b"INFOchecking", b"FAILslot is locked: 0x1F \xff")),
        ("getvar:product", (b"OKAYoriole",)),
    ) as (client, _):
        with refused(Code.DEVICE_REFUSED) as refusal:
            client.command("flash:boot", WAIT)
        assert refusal.fault.details == "slot is locked: 0x1F \\xff"
        assert "flash:boot" in refusal.fault.sentence
        assert client.getvar("product") == "oriole"


@pytest.mark.parametrize("answer", [b"FAILunknown variable", b"OKAY", b"OKAY \0"])
def test_a_variable_the_device_does_not_know_is_absent(answer: bytes) -> None:
    with talking_to(("getvar:color", (answer,))) as (client, _):
        assert client.getvar("color") is None


@pytest.mark.parametrize("answer", [b"", b"OK", b"okay", b"NOPE", b"DATA1234", b"\0\1\2\3\4"])
def test_an_answer_outside_the_grammar_is_a_protocol_error(answer: bytes) -> None:
    with talking_to(("reboot", (answer,))) as (client, _), refused(Code.PROTOCOL_ERROR) as refusal:
        client.command("reboot", WAIT)
    assert refusal.fault.details == answer.decode().rstrip("\0")


def test_data_asked_for_where_there_is_none_is_a_protocol_error() -> None:
    with (
        talking_to(("reboot", (b"DATA00000010",))) as (client, _),
        refused(Code.PROTOCOL_ERROR) as refusal,
    ):
        client.command("reboot", WAIT)
    assert refusal.fault.details == "DATA00000010"


@pytest.mark.parametrize("command", ["x" * 65, "oem unlock\n", "flash:böot", ""])
def test_a_command_no_bootloader_would_take_is_never_sent(command: str) -> None:
    with talking_to() as (client, _), refused(Code.INVALID_REQUEST):
        client.command(command, WAIT)


def test_a_command_of_sixty_four_bytes_is_sent() -> None:
    with talking_to(("x" * 64, (b"OKAY",))) as (client, _):
        client.command("x" * 64, WAIT)


def test_silence_longer_than_the_wait_is_told_as_such() -> None:
    with talking_to(("flash:boot", (b"INFOwriting",))) as (client, lines):
        with refused(Code.DEVICE_SILENT):
            client.command("flash:boot", BLINK)
        assert lines == ["writing"]


def test_a_device_that_talks_for_ever_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "MAX_LINES", 3)
    with (
        talking_to(("erase:a", (b"INFO1", b"INFO2", b"INFO3", b"OKAY"))) as (client, _),
        refused(Code.TIMED_OUT),
    ):
        client.command("erase:a", WAIT)
    with (
        talking_to(("erase:a", (b"INFO1", b"OKAY")), limits=Limits(answer=0)) as (client, _),
        refused(Code.TIMED_OUT),
    ):
        client.command("erase:a", WAIT)


def test_a_question_is_not_waited_for_as_long_as_what_the_device_works_at() -> None:
    chatter = ("getvar:product", (b"INFO1", b"OKAYoriole"))
    with talking_to(chatter, limits=Limits(question=0)) as (client, _), refused(Code.TIMED_OUT):
        client.getvar("product")
    with talking_to(chatter, limits=Limits(answer=0)) as (client, _):
        assert client.getvar("product") == "oriole"


def download(client: Client, size: int, *pieces: tuple[bytes, int]) -> tuple[int, int]:
    """Send pieces; return the bytes taken and the content they stood for."""
    taken = list(client.download(size, iter(pieces)))
    return sum(one.wire for one in taken), sum(one.content for one in taken)


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=3000), st.integers(0, 1 << 40))))
def test_every_byte_and_all_its_content_are_counted_once(pieces: list[tuple[bytes, int]]) -> None:
    sent = b"".join(data for data, _ in pieces) + b"end"

    def device(peer: TcpPeer) -> None:
        peer.expect(f"download:{len(sent):08x}", f"DATA{len(sent):08x}".encode())
        assert peer.message() == sent
        peer.say(b"INFOgot it", b"OKAY")

    with tcp_device(device) as address, TcpTransport.connect(address) as transport:
        client = Client(transport, ignore)
        counted = download(client, len(sent), *pieces, (b"end", 0))
    assert counted == (len(sent), sum(content for _, content in pieces))


def test_a_device_that_takes_a_byte_now_and_then_is_not_fed_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    an_hour_each = itertools.count(step=3600.0)
    with talking_to(("download:00000004", (b"DATA00000004",))) as (client, _):
        monkeypatch.setattr(grammar, "monotonic", lambda: next(an_hour_each))
        with refused(Code.TIMED_OUT) as refusal:
            download(client, 4, (b"ab", 2), (b"cd", 2))
        monkeypatch.undo()
    assert refusal.fault.details == "2 bytes"


@pytest.mark.parametrize("answer", [b"DATA00000005", b"OKAY", b"DATA4", b"DATA00000004 "])
def test_a_device_that_agrees_to_another_size_gets_no_data(answer: bytes) -> None:
    with (
        talking_to(("download:00000004", (answer,))) as (client, _),
        refused(Code.PROTOCOL_ERROR) as refusal,
    ):
        download(client, 4, (b"abcd", 4))
    assert refusal.fault.details == answer.decode()


def test_a_device_may_refuse_a_download() -> None:
    with (
        talking_to(("download:00000004", (b"FAILtoo large",))) as (client, _),
        refused(Code.DEVICE_REFUSED) as refusal,
    ):
        download(client, 4, (b"abcd", 4))
    assert refusal.fault.details == "too large"


@pytest.mark.parametrize("size", [0, 1 << 32])
def test_a_size_the_protocol_cannot_say_is_not_sent(size: int) -> None:
    with talking_to() as (client, _), refused(Code.INVALID_REQUEST):
        download(client, size)


def test_a_device_that_gives_up_in_the_middle_of_the_data_is_heard() -> None:
    given_up = Event()

    def device(peer: TcpPeer) -> None:
        peer.expect("download:7fffffff", b"DATA7fffffff", b"FAILout of memory")
        assert given_up.wait(DEADLINE)

    endless = ((memoryview(bytes(1 << 20)), 0) for _ in iter(int, 1))
    with tcp_device(device) as address, TcpTransport.connect(address) as transport:
        client = Client(transport, ignore, Limits(stall=BLINK))
        with refused(Code.DEVICE_REFUSED) as refusal:
            for _ in client.download(0x7FFFFFFF, endless):
                pass
        given_up.set()
    assert refusal.fault.details == "out of memory"
