"""`flashyard emulate` as a process: ready, driven, told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flashyard.cli.emulate import parse_place, parse_room
from flashyard.endpoint import Endpoint
from support.fastboot_host import TcpHost, UdpHost, ask, flash, reference_client
from support.proc import most_held
from support.processes import flashyard, serving

MIB = 1 << 20


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


async def test_it_says_once_where_every_device_answers(tmp_path: Path) -> None:
    devices = ("A,tcp=127.0.0.1:0,udp=127.0.0.1:0,name=Google Pixel, 6", "B:2,udp=127.0.0.1:0")
    flags = [word for device in devices for word in ("--device", device)]
    async with serving("emulate", *flags, "--out", tmp_path) as emulator:
        assert [(urlsplit(url).scheme, urlsplit(url).path) for url in emulator.ready] == [
            ("fastboot-tcp", "/A"),
            ("fastboot-udp", "/A"),
            ("fastboot-udp", "/B:2"),
        ]
        tcp, udp, other = map(address, emulator.ready)
        with TcpHost(tcp) as host, UdpHost(udp) as same, UdpHost(other) as second:
            assert ask(host, "getvar:flashyard-name") == b"OKAYGoogle Pixel, 6"
            assert ask(same, "getvar:serialno") == b"OKAYA"
            assert ask(second, "getvar:serialno") == b"OKAYB:2"
        assert emulator.out.count("\n") == 1


async def test_every_option_reaches_the_device(tmp_path: Path) -> None:
    options = (
        "--serial ONE --tcp 127.0.0.1:0 --slots 2 --max-download-size 1M --link-speed 64M "
        "--latency 1 --partition system=5M --partition extra=1MB --battery 3100 "
        "--logical odm=1M --super 2M --fastbootd-download 512K --boot-time 10 "
        "--fault erase:2=fail --fault getvar:99=silence"
    )
    async with serving("emulate", *options.split(), "--out", tmp_path) as emulator:
        with TcpHost(address(emulator.ready[0])) as host:
            assert ask(host, "getvar:max-download-size") == b"OKAY0x100000"
            assert ask(host, "getvar:partition-size:system_b") == b"OKAY%#x" % (5 * MIB)
            assert ask(host, "getvar:partition-size:extra_a") == b"OKAY%#x" % 1_000_000
            assert ask(host, "getvar:partition-size:boot_a") == b"OKAY0x100000000"
            assert ask(host, "getvar:battery-voltage") == b"OKAY3100"
            assert flash(host, "extra", b"content") == b"OKAY"
            assert ask(host, "erase:extra_b") == b"OKAY"
            assert ask(host, "erase:extra_a") == b"FAILinjected fault"
            assert ask(host, "getvar:partition-size:super") == b"OKAY%#x" % (2 * MIB)
            assert ask(host, "getvar:partition-size:odm_a").startswith(b"FAIL")
        where = "tcp", address(emulator.ready[0])
        reference_client(*where, "reboot", "fastboot")
        told = reference_client(*where, "getvar", "all").stderr
        assert f"partition-size:odm_a:{MIB:#x}" in told
        assert f"max-download-size:{512 << 10:#x}" in told
    assert (tmp_path / "ONE" / "extra_a.img").read_bytes() == b"content".ljust(4096, b"\0")


async def test_content_lies_below_the_data_directory_which_one_process_holds(
    tmp_path: Path,
) -> None:
    one = ("emulate", "--serial", "ONE", "--tcp", "127.0.0.1:0", "--data-dir", tmp_path)
    async with serving(*one) as emulator:
        with TcpHost(address(emulator.ready[0])) as host:
            assert flash(host, "boot", b"content") == b"OKAY"
        assert (tmp_path / "emulator" / "ONE" / "boot.img").exists()
        second = await flashyard(*one)
        assert second.status == 1
        assert "in use" in second.err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_told_to_stop_it_stops_in_mid_download(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    slow = ("--serial", "ONE", "--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--link-speed", "1K")
    async with serving("emulate", *slow, "--out", tmp_path) as emulator:
        with TcpHost(address(emulator.ready[0])) as host:
            host.say(b"download:01000000")
            assert host.hear() == b"DATA01000000"
            host.push(bytes(10_000))
            emulator.send(number)
            assert await emulator.ended(within=10) == status
    assert files_below(tmp_path) == []


async def test_a_taken_port_is_said_in_one_sentence_with_a_hint() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = await flashyard(
            "emulate", "--serial", "A", "--tcp", f"127.0.0.1:{port}", "--discard"
        )
    assert (done.status, done.out) == (1, "")
    sentence, hint = done.err.splitlines()
    assert f"127.0.0.1:{port} is already in use" in sentence
    assert hint.startswith("hint: ")


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--serial", "A", "--fault", "flash=burn"], "flash=burn"),
        (["--serial", "A", "--fault", "fly=fail"], "fly=fail"),
        (["--serial", "A", "--fault", "download=cut@x"], "'x'"),
        (["--serial", "A", "--partition", "boot"], "'boot'"),
        (["--serial", "A", "--partition", "../boot=1M"], "'../boot'"),
        (["--serial", "A", "--partition", "boot=lots"], "'lots'"),
        (["--serial", ".."], "'..'"),
        (["--serial", "A", "--slots", "3"], "0 or 2 slots"),
        (["--serial", "A", "--tcp", "5554"], "'5554'"),
        (["--serial", "A", "--link-speed", "0"], "link speed"),
        (["--serial", "A", "--max-download-size", "0"], "largest download"),
        (["--device", "A"], "'A'"),
        (["--device", "A,tcp=:0,ftp=:0"], "':0,ftp=:0'"),
        (["--device", "A,tcp=:0", "--device", "A,tcp=:0"], "ID of its own"),
        (["--device", "A,tcp=:0", "--serial", "B"], "either"),
        (["--tcp", ":0"], "either"),
        ([], "either"),
    ],
)
async def test_bad_usage_is_told_in_a_sentence(options: list[str], shown: str) -> None:
    done = await flashyard("emulate", *options)
    assert (done.status, done.out) == (2, "")
    assert shown in done.err.splitlines()[0]


def test_a_device_is_read_as_people_write_it() -> None:
    place = parse_place("A.b@c:1,udp=[::1]:7,tcp=:8,name=x=y,z")
    assert (place.serial, place.name) == ("A.b@c:1", "x=y,z")
    assert (place.tcp, place.udp) == (Endpoint("", 8), Endpoint("::1", 7))
    assert parse_room("a=b=1M"[2:]) == ("b", MIB)


async def test_a_few_hundred_megabytes_leave_no_trace_in_memory(tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(300 * MIB)
    async with serving(*DISCARDING) as emulator:
        target = address(emulator.ready[0])
        done = await asyncio.to_thread(reference_client, "tcp", target, "flash", "system", image)
        assert done.returncode == 0, done.stderr
        assert most_held(emulator.pid) < 60 * MIB


async def test_four_gigabytes_in_one_download_leave_no_trace_in_memory() -> None:
    """As two frames of 512 MiB and one of all the rest: none of them is ever held."""
    frames = (512 * MIB, 512 * MIB, 4096 * MIB - 1 - 1024 * MIB)
    async with serving(*DISCARDING) as emulator:
        with TcpHost(address(emulator.ready[0])) as host:
            assert ask(host, "download:ffffffff") == b"DATAffffffff"
            await asyncio.to_thread(push_all, host, frames)
            assert await asyncio.to_thread(host.hear) == b"OKAY"
            assert ask(host, "flash:system") == b"OKAY"
        assert most_held(emulator.pid) < 60 * MIB


DISCARDING = (
    *("emulate", "--serial", "LARGE", "--tcp", "127.0.0.1:0"),
    *("--discard", "--max-download-size", "4294967295"),
)


def files_below(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def push_all(host: TcpHost, frames: tuple[int, ...]) -> None:
    piece = bytes(MIB)
    for size in frames:
        host.socket.sendall(size.to_bytes(8, "big"))
        for start in range(0, size, MIB):
            host.socket.sendall(piece[: size - start])
