"""The sessions that are kept as recordings: devices and what is done to them.

Some devices are emulated, and what goes over the wire is recorded. Others are made up after what
is known of real ones (their oddities are named in `what`): those recordings are written, not
recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Literal

from flashyard.flash.fastboot.limits import DEFAULT_LIMITS, Limits
from support.emulated import MIB
from support.odd_device import OddDevice
from support.scripted import DEADLINE, TcpPeer

SERIAL = "RECORDED_001"
SOON = Limits(getvar=0.5, stall=0.5, download=0.5, flash=0.5, erase=0.5, reboot=0.5, resend=0.05)
SMALL = {"generated": "small", "size": 300_000}
LARGE = {"generated": "large", "size": 3 * MIB}
HUGE = {"generated": "huge", "size": 48 * MIB}
SPARSE = {"sparse": 7, "chunks": 40}
LOOK: Mapping[str, Any] = {}


def job(image: Mapping[str, Any], partition: str = "system", **options: Any) -> dict[str, Any]:
    return {"partition": partition, "image": dict(image), **options}


def gives_up(peer: TcpPeer, over: Event) -> None:
    """Know no variable, take no data, and say why; until the session is over."""
    while (command := peer.message()).startswith(b"getvar:"):
        peer.say(b"FAILno such variable")
    peer.say(b"DATA" + command.removeprefix(b"download:"), b"FAILflash is worn out")
    assert over.wait(DEADLINE)


@dataclass(frozen=True)
class Scenario:
    """One session; an empty job is a look.

    Attributes:
        faults, traits: of an emulated device.
        device: a made up one in its place.
        script: or one that says what no emulator would.
        ragged: what is recorded of the data's end is another every time.
    """

    what: str
    job: Mapping[str, Any]
    transport: Literal["tcp", "udp", "usb"] = "tcp"
    faults: tuple[str, ...] = ()
    traits: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = DEFAULT_LIMITS
    device: OddDevice | None = None
    script: Callable[[TcpPeer, Event], None] | None = None
    ragged: bool = False


def _written(what: str, plan: Mapping[str, Any], **oddities: Any) -> Scenario:
    return Scenario(what, plan, "usb", device=OddDevice(**oddities))


SCENARIOS: Mapping[str, Scenario] = {
    "plain-tcp": Scenario("A raw image in one part, over TCP.", job(SMALL)),
    "plain-udp": Scenario("A raw image in one part, over UDP.", job(SMALL), "udp"),
    "plain-usb": Scenario("A raw image in one part, over USB.", job(SMALL), "usb"),
    "raw-in-parts": Scenario(
        "A raw image larger than a download, sent as sparse parts.",
        job(LARGE),
        traits={"max_download_size": MIB},
    ),
    "sparse-in-parts": Scenario(
        "A sparse image with fills and gaps, cut into many parts.",
        job(SPARSE, erase=True, reboot=False),
        "udp",
        traits={"max_download_size": 100_000},
    ),
    "slot-b": Scenario(
        "The other slot written, and made the active one.",
        job(SMALL, slot="b"),
        traits={"slots": 2},
    ),
    "look-at-slots": Scenario("A device with slots is asked who it is.", LOOK, traits={"slots": 2}),
    "info-storm": Scenario(
        "A device with two hundred partitions lists them.",
        LOOK,
        "usb",
        traits={"partitions": {f"part{number}": MIB for number in range(200)}},
    ),
    "locked": Scenario(
        "A locked bootloader: nothing is sent.", job(SMALL, erase=True), traits={"locked": True}
    ),
    "battery-low": Scenario(
        "A battery too low to be flashed.", job(SMALL), traits={"battery_mv": 3300}
    ),
    "no-such-partition": Scenario("A partition that is not there.", job(SMALL, "cache")),
    "image-too-large": Scenario(
        "An image larger than its partition.",
        job(SMALL, "boot"),
        traits={"partitions": {"boot": 4096 * 10}},
    ),
    "knows-nothing": Scenario(
        "Every variable is unknown, and the job done all the same.",
        job(SMALL),
        faults=("getvar=fail",),
    ),
    "refuses-flash": Scenario(
        "The second part is refused.",
        job(LARGE),
        faults=("flash:2=fail",),
        traits={"max_download_size": MIB},
    ),
    "silent-at-flash": Scenario(
        "No answer to flash.", job(SMALL), faults=("flash=silence",), limits=SOON
    ),
    "silent-usb": Scenario(
        "No answer to download, over USB.",
        job(SMALL),
        "usb",
        faults=("download=silence",),
        limits=SOON,
    ),
    "garbled": Scenario(
        "Bytes that are no answer, in the place of erase's.",
        job(SMALL, erase=True),
        faults=("erase=garble",),
    ),
    "half-an-answer": Scenario("`OK` is not OKAY.", job(SMALL), "udp", faults=("download=short",)),
    "cut-in-data": Scenario(
        "The connection breaks in the data.",
        job(HUGE),
        faults=(f"download=cut@{MIB}",),
        ragged=True,
    ),
    "unplugged-in-data": Scenario(
        "The plug is pulled in the data.",
        job(LARGE),
        "usb",
        faults=(f"download=cut@{MIB}",),
        ragged=True,
    ),
    "gives-up-in-data": Scenario(
        "The device says FAIL while it is still sent data.",
        job(HUGE),
        limits=SOON,
        script=gives_up,
        ragged=True,
    ),
    "cancelled-in-data": Scenario(
        "Cancelled while the second MiB is sent.", job(LARGE, cancel_at=1), ragged=True
    ),
    "lost-at-reboot": Scenario(
        "Everything written, and the connection lost at the restart.",
        job(SMALL),
        faults=("reboot=cut@0",),
    ),
    "written-decimal-sizes": _written(
        "Sizes in decimal without a prefix, and with a leading blank (a Xiaomi dump).",
        job(LARGE),
        told={
            "max-download-size": b"1048576",
            "partition-size:system": b" 0x80000000",
            "battery-voltage": b"4012mV",
            "unlocked": b"true",
        },
    ),
    "written-upper-case": _written(
        "Hexadecimal in upper case, with 0X, and YES and NO.",
        job(SMALL),
        told={
            "max-download-size": b"0X20000000",
            "partition-size:system": b"0XC0000000",
            "unlocked": b"YES",
            "battery-soc-ok": b"YES",
            "has-slot:system": b"NO",
        },
        agrees=b"DATA%08X",
    ),
    "written-padded-with-nul": _written(
        "Every answer is 64 bytes long, filled with NULs.", job(SMALL, erase=True), padded=64
    ),
    "written-empty-okay": _written(
        "What is unknown is told as an empty OKAY (an old bootloader).",
        job(SMALL, reboot=False),
        told={"unlocked": None, "partition-size:system": None, "max-download-size": None},
        unknown=b"OKAY",
    ),
    "written-empty-sizes": _written(
        "Sizes of `0x` alone, slots with an underscore, TEXT beside INFO.",
        job(SMALL, slot="a"),
        told={
            "partition-size:system_a": b"0x",
            "max-download-size": b"0x",
            "current-slot": b"_b",
            "slot-count": b"2",
            "has-slot:system": b"yes",
        },
        before=(b"TEXTerasing old data", b"INFO", b"INFOwriting 'system_a'..."),
    ),
    "written-chatty": _written(
        "getvar:all with a prefix of its own, and OKAYs with words.",
        job(SMALL, "boot", erase=True),
        lines=(
            b"(bootloader) partition-size:boot: 0x0000000004000000",
            b"(bootloader) partition-type:boot:raw",
            b"(bootloader) serialno:0123456789ABCDEF",
            b"(bootloader) imei: 356938035643809",
            b"(bootloader) " + b"=" * 240,
            b"",
        ),
        okay=b"OKAY [  0.123s]",
        before=(b"INFO" + b"." * 60,) * 20,
    ),
    "written-locked-in-words": _written(
        "A bootloader that hides that it is locked until it is told to flash.",
        job(SMALL),
        told={"unlocked": None},
        refuses={"flash:system": b"Flashing is not allowed in Lock State"},
    ),
    "written-too-large-for-32-bits": _written(
        "A max-download-size that the protocol cannot say.",
        job(SMALL),
        told={"max-download-size": b"0x200000000"},
    ),
}
