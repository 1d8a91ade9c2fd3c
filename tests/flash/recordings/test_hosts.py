"""What AOSP's client said to the emulator, said again: it must hear the same."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from flashyard.flash.emulator import EmulatedDevice
from flashyard.flash.fastboot.tcp import TcpTransport
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.fastboot.udp import UdpTransport
from flashyard.flash.recordings.transcript import Act, Transcript
from support.recorded_host import ERRANDS, content, play_host, profile, record_host

HOSTS = Path(__file__).parent / "hosts"


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("name", ERRANDS)
def test_the_emulator_answers_as_it_did(
    name: str, transport: Literal["tcp", "udp"], tmp_path: Path
) -> None:
    transcript = Transcript.read(HOSTS / f"{name}.jsonl")
    assert transcript.job is not None
    free = ("127.0.0.1", 0)
    with EmulatedDevice(profile(transcript.job["traits"]), tmp_path, tcp=free, udp=free) as device:
        where = device.tcp_address if transport == "tcp" else device.udp_address
        connect = TcpTransport.connect if transport == "tcp" else UdpTransport.connect
        with connect(Address(transport, *where)) as link:
            play_host(transcript, link)
        flashed = [c.packet for c in transcript.calls if (c.packet or b"").startswith(b"flash:")]
        for command in flashed if "locked" not in name else []:
            file = device.partition_file((command or b"")[6:].decode())
            assert file.read_bytes()[: len(content())] == content()


@pytest.mark.long
@pytest.mark.parametrize("name", ERRANDS)
def test_the_client_still_says_so(name: str, tmp_path: Path) -> None:
    def said(transcript: Transcript) -> list[tuple[Act, bytes | None, int]]:
        return [(call.act, call.packet, call.size) for call in transcript.calls]

    kept = Transcript.read(HOSTS / f"{name}.jsonl")
    assert said(record_host(ERRANDS[name], tmp_path)) == said(kept)
