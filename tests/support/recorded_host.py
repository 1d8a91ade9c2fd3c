"""AOSP's client as the emulator hears it, recorded; and played to it again without the client."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.emulator.session import Session
from flashyard.flash.emulator.wire import Wire
from flashyard.flash.fastboot.transport import Transport
from flashyard.flash.images.generated import Generated
from flashyard.flash.recordings.transcript import Act, Call, Transcript
from support.fastboot_host import reference_client

_WAIT = 15.0
_SERIAL = "RECORDED_001"
_FREE = ("127.0.0.1", 0)


@dataclass(frozen=True)
class Errand:
    """What AOSP's client is told to do; `IMAGE` among the arguments is 300,000 bytes in a file."""

    what: str
    arguments: tuple[str, ...]
    transport: str = "tcp"
    traits: Mapping[str, Any] = field(default_factory=dict)


ERRANDS: Mapping[str, Errand] = {
    "aosp-flash-tcp": Errand("flash, over TCP.", ("flash", "system", "IMAGE")),
    "aosp-flash-udp": Errand("flash, over UDP.", ("flash", "system", "IMAGE"), "udp"),
    "aosp-flash-slot": Errand(
        "--slot=b flash, with slots.", ("--slot=b", "flash", "system", "IMAGE"), "tcp", {"slots": 2}
    ),
    "aosp-getvar-all": Errand("getvar all.", ("getvar", "all"), "udp", {"slots": 2}),
    "aosp-set-active": Errand(
        "set_active and erase.", ("set_active", "b", "erase", "userdata"), "tcp", {"slots": 2}
    ),
    "aosp-locked": Errand(
        "flash on a locked device.", ("flash", "system", "IMAGE"), "tcp", {"locked": True}
    ),
}


class _Watched:
    """A wire that notes what passes, in the host's words."""

    def __init__(self, wire: Wire, calls: list[Call]) -> None:
        self._wire = wire
        self._calls = calls

    def read_command(self) -> bytes:
        command = self._wire.read_command()
        self._calls.append(Call(0, Act.SEND, command))
        return command

    def send(self, reply: bytes) -> None:
        self._calls.append(Call(0, Act.RECEIVE, reply))
        self._wire.send(reply)

    def read_into(self, view: memoryview) -> int:
        count = self._wire.read_into(view)
        last = self._calls[-1]
        if last.act is Act.PUSH:
            self._calls[-1] = replace(last, size=last.size + count)
        else:
            self._calls.append(Call(0, Act.PUSH, size=count))
        return count

    def linger(self) -> None:
        self._wire.linger()

    def cut(self) -> None:
        self._wire.cut()


class WatchedDevice(EmulatedDevice):
    """``calls``: what hosts said and heard."""

    def __init__(self, profile: Profile, out: Path) -> None:
        self.calls: list[Call] = []
        super().__init__(profile, out, tcp=_FREE, udp=_FREE)

    def _serve(self, wire: Wire) -> None:
        def restart() -> None:
            for port in self._ports():
                port.restart(self.profile.boot_s, wire)

        watched = _Watched(wire, self.calls)
        Session(self.device, watched, self._throttle, self._off.wait, restart).run()


def content(size: int = 300_000) -> bytes:
    return b"".join(bytes(view) for view in Generated("host", size).views(0, size))


def profile(traits: Mapping[str, Any]) -> Profile:
    return replace(Profile(serial=_SERIAL), **traits)


def record_host(errand: Errand, directory: Path) -> Transcript:
    """Run AOSP's client on an emulated device; return what it said and heard."""
    image = directory / "image"
    image.write_bytes(content())
    with WatchedDevice(profile(errand.traits), directory / "out") as device:
        where = device.udp_address if errand.transport == "udp" else device.tcp_address
        given = [str(image) if word == "IMAGE" else word for word in errand.arguments]
        reference_client(errand.transport, where, *given)
    told = subprocess.run(["fastboot", "--version"], capture_output=True, text=True, check=True)
    digest = hashlib.sha256(content()).hexdigest()
    calls = [
        replace(call, sha256=digest) if call.act is Act.PUSH else call for call in device.calls
    ]
    return Transcript(
        what=f"AOSP's client: {errand.what}",
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        by=told.stdout.splitlines()[0],
        transport=errand.transport,
        breaks_off=True,
        product="flashyard",
        calls=tuple(calls),
        job={"traits": dict(errand.traits)},
    )


def play_host(transcript: Transcript, transport: Transport) -> None:
    """Say what the client said, and hear what it heard."""
    for number, call in enumerate(transcript.calls, 2):
        if call.act is Act.SEND:
            transport.send(call.packet or b"", _WAIT)
        elif call.act is Act.RECEIVE:
            assert transport.receive(_WAIT) == call.packet, f"line {number}"
        else:
            left = memoryview(content(call.size))
            transport.open_data(call.size, _WAIT)
            while left:
                left = left[transport.push(left, _WAIT) :]
