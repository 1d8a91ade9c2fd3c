"""What goes wrong on purpose: as it is ordered, and as a host meets it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.flash.emulator import EmulatedDevice, Mischief, Profile, parse_mischief
from flashyard.flash.emulator.command import WORDS
from flashyard.flash.emulator.mischief import Kind, Mishaps
from support.fastboot_host import Host, TcpHost, UdpHost, ask, connected, eventually, flash

FREE = ("127.0.0.1", 0)
BOTH = pytest.mark.parametrize("transport", ["tcp", "udp"])


@pytest.mark.parametrize(
    ("text", "mischief"),
    [
        ("flash=fail", Mischief("flash", Kind.FAIL)),
        ("getvar:3=silence", Mischief("getvar", Kind.SILENCE, 3)),
        ("download=cut@0", Mischief("download", Kind.CUT)),
        ("download:2=cut@1.5MiB", Mischief("download", Kind.CUT, 2, 3 << 19)),
        ("reboot-fastboot=short", Mischief("reboot-fastboot", Kind.SHORT)),
        ("set_active:10=garble", Mischief("set_active", Kind.GARBLE, 10)),
        ("boot=fail", Mischief("boot", Kind.FAIL)),
        ("boot:2=silence", Mischief("boot", Kind.SILENCE, 2)),
        ("boot-b=hang", Mischief("boot-b", Kind.HANG)),
        ("boot-a:1=stay", Mischief("boot-a", Kind.STAY, 1)),
        ("flash:3=die", Mischief("flash", Kind.DIE, 3)),
    ],
)
def test_the_grammar_is_read(text: str, mischief: Mischief) -> None:
    assert parse_mischief(text) == mischief


@pytest.mark.parametrize(
    "text",
    [
        "",
        "flash",
        "=fail",
        "flash=",
        "flash=burn",
        "flash:0=fail",
        "flash:-1=fail",
        "flash:=fail",
        "flash=fail@3",
        "flash=cut",
        "flash=cut@",
        "flash=cut@many",
        "fly=fail",
        "FLASH=fail",
        "flash =fail",
        "boot=cut@0",
        "boot=garble",
        "boot=die",
        "boot-c=fail",
        "flash=hang",
    ],
)
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+\.$"):
        parse_mischief(text)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(WORDS)), st.one_of(st.none(), st.integers(1, 4)))),
    st.lists(st.sampled_from(sorted(WORDS)), max_size=40),
)
def test_mischief_is_due_every_time_or_the_nth_time(
    ordered: list[tuple[str, int | None]], commands: list[str]
) -> None:
    mischief = [Mischief(word, Kind.FAIL, nth) for word, nth in ordered]
    mishaps = Mishaps(mischief)
    for index, command in enumerate(commands):
        count = commands[: index + 1].count(command)
        matching = [one for one in mischief if one.command == command and one.nth in {None, count}]
        assert mishaps.due(command) == (matching[0] if matching else None)


@contextmanager
def troubled(
    out: Path, transport: str, *faults: str
) -> Iterator[tuple[EmulatedDevice, Host, tuple[str, int]]]:
    """Switch a device with faults on, and connect to it."""
    profile = Profile(serial="MISCHIEF_1", faults=tuple(map(parse_mischief, faults)))
    tcp, udp = (FREE, None) if transport == "tcp" else (None, FREE)
    with EmulatedDevice(profile, out, tcp=tcp, udp=udp) as device:
        address = device.tcp_address if transport == "tcp" else device.udp_address
        with connected(transport, address) as host:
            yield device, host, address


@BOTH
def test_fail_fails_and_does_nothing(tmp_path: Path, transport: str) -> None:
    with troubled(tmp_path, transport, "flash:2=fail") as (device, host, _):
        assert flash(host, "boot", b"first") == b"OKAY"
        assert flash(host, "boot", b"second") == b"FAILinjected fault"
        assert device.partition_file("boot").read_bytes()[:5] == b"first"
        assert flash(host, "boot", b"third") == b"OKAY"


def test_silence_over_tcp_answers_the_next_command_only(tmp_path: Path) -> None:
    with troubled(tmp_path, "tcp", "erase=silence") as (device, host, _):
        assert flash(host, "boot", b"kept") == b"OKAY"
        host.say(b"erase:boot")
        assert ask(host, "getvar:serialno") == b"OKAYMISCHIEF_1"
        assert device.partition_file("boot").exists()


def test_silence_over_udp_lets_a_read_wait_for_ever(tmp_path: Path) -> None:
    with troubled(tmp_path, "udp", "erase=silence") as (_, host, address):
        assert isinstance(host, UdpHost)
        host.say(b"erase:boot")
        assert host.next(b"") == (0, b"")
        assert ask(host, "getvar:serialno") == b"OKAYMISCHIEF_1"
        with UdpHost(address) as another:
            assert ask(another, "getvar:serialno") == b"OKAYMISCHIEF_1"


@BOTH
@pytest.mark.parametrize(("fault", "heard"), [("short", b"OK"), ("garble", b"\x00\xffWHAT?")])
def test_a_spoilt_reply_is_one_and_nothing_is_done(
    tmp_path: Path, transport: str, fault: str, heard: bytes
) -> None:
    with troubled(tmp_path, transport, f"erase={fault}") as (device, host, _):
        assert flash(host, "boot", b"kept") == b"OKAY"
        host.say(b"erase:boot")
        assert host.hear() == heard
        assert device.partition_file("boot").exists()
        assert ask(host, "getvar:serialno") == b"OKAYMISCHIEF_1"


@pytest.mark.parametrize("at", [0, 1, 5000, 100_000])
def test_cut_drops_a_tcp_download_after_so_many_bytes(tmp_path: Path, at: int) -> None:
    with troubled(tmp_path, "tcp", f"download:1=cut@{at}") as (device, host, address):
        assert isinstance(host, TcpHost)
        assert ask(host, "download:0000c000") == b"DATA0000c000"
        sent = min(at, 0xC000)
        with suppress(ConnectionError):
            host.push(bytes(sent))
        assert host.hung_up()
        assert device.device.received == sent
        assert eventually(lambda: not list(tmp_path.glob("*/.staging-*")))
        with TcpHost(address) as again:
            assert flash(again, "boot", b"whole") == b"OKAY"


@BOTH
def test_cut_lets_a_download_that_cannot_be_fail(tmp_path: Path, transport: str) -> None:
    with troubled(tmp_path, transport, "download=cut@1") as (_, host, _address):
        assert ask(host, "download:ffffffff") == b"FAILdata too large"
        assert ask(host, "download:zzz") == b"FAILbad download size"
        assert ask(host, "getvar:serialno") == b"OKAYMISCHIEF_1"


def test_cut_silences_a_udp_download_after_so_many_bytes(tmp_path: Path) -> None:
    with troubled(tmp_path, "udp", "download:1=cut@1500") as (device, host, _):
        assert isinstance(host, UdpHost)
        assert ask(host, "download:0000c000") == b"DATA0000c000"
        host.push(bytes(host.payload * 2))
        host.post(3, bytes(host.payload))
        assert host.silent()
        assert device.device.received == 1500
        host.begin()
        assert flash(host, "boot", b"whole") == b"OKAY"


@BOTH
def test_cut_drops_any_other_command_before_its_answer(tmp_path: Path, transport: str) -> None:
    with troubled(tmp_path, transport, "getvar:1=cut@0") as (_, host, address):
        host.say(b"getvar:serialno")
        if isinstance(host, TcpHost):
            assert host.hung_up()
        elif isinstance(host, UdpHost):
            host.post(3, b"")
            assert host.silent()
        with connected(transport, address) as again:
            assert ask(again, "getvar:serialno") == b"OKAYMISCHIEF_1"


@BOTH
def test_a_device_that_dies_does_not_answer_any_more(tmp_path: Path, transport: str) -> None:
    with troubled(tmp_path, transport, "erase=die") as (device, host, address):
        assert flash(host, "boot", b"kept") == b"OKAY"
        host.say(b"erase:boot")
        if isinstance(host, TcpHost):
            assert host.hung_up()
            with pytest.raises(OSError, match="refused"):
                TcpHost(address)
        elif isinstance(host, UdpHost):
            assert host.silent()
        assert device.device.is_dead
        assert device.partition_file("boot").exists()
