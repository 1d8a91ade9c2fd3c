"""What an emulated device answers, over both transports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flashyard.flash.emulator import EmulatedDevice, Profile
from flashyard.flash.emulator.command import RESTARTS, WORDS
from support.fastboot_host import Host, ask, connected, download, eventually, flash, replies

FREE = ("127.0.0.1", 0)


class Talk(NamedTuple):
    """A device and a host connected to it."""

    device: EmulatedDevice
    host: Host

    def ask(self, command: str) -> str:
        return ask(self.host, command).decode()


Open = Callable[..., Talk]


@pytest.fixture(params=["tcp", "udp"])
def talk_to(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Switch a device on and connect; keywords go into its profile."""
    with ExitStack() as stack:

        def talk(**profile: object) -> Talk:
            ordered = Profile(**{"serial": "SESSION_1", **profile})  # type: ignore[arg-type]  # vary
            here: Any = {request.param: FREE}
            device = stack.enter_context(EmulatedDevice(ordered, tmp_path, **here))
            address = getattr(device, f"{request.param}_address")
            return Talk(device, stack.enter_context(connected(request.param, address)))

        yield talk


def test_it_tells_who_it_is(talk_to: Open) -> None:
    talk = talk_to(product="oriole", name="Google Pixel 6", battery_mv=3999)
    told = {
        "version": "0.4",
        "serialno": "SESSION_1",
        "product": "oriole",
        "flashyard-name": "Google Pixel 6",
        "flashyard-emulator": "1",
        "max-download-size": "0x10000000",
        "slot-count": "0",
        "has-slot:system": "no",
        "partition-size:system": "0x200000000",
        "partition-size:boot": "0x100000000",
        "partition-type:userdata": "ext4",
        "is-logical:system": "no",
        "is-userspace": "no",
        "unlocked": "yes",
        "secure": "no",
        "battery-voltage": "3999",
        "battery-soc-ok": "yes",
        "snapshot-update-status": "none",
        "super-partition-name": "super",
    }
    assert {name: talk.ask(f"getvar:{name}") for name in told} == {
        name: f"OKAY{value}" for name, value in told.items()
    }
    for name in ("version-bootloader", "version-baseband", "hw-revision", "variant"):
        assert len(talk.ask(f"getvar:{name}")) > len("OKAY")
    assert talk_to(serial="NAMELESS").ask("getvar:flashyard-name") == "OKAYNAMELESS"
    assert talk_to(battery_mv=3200).ask("getvar:battery-soc-ok") == "OKAYno"


@pytest.mark.parametrize(
    "name",
    ["", "nothing", "partition-size", "partition-size:x", "has-slot:x", "current-slot", "slot:a"],
)
def test_it_fails_where_it_has_no_answer(talk_to: Open, name: str) -> None:
    assert talk_to().ask(f"getvar:{name}").startswith("FAIL")


def test_all_lists_exactly_what_can_be_asked_one_by_one(talk_to: Open) -> None:
    talk = talk_to(slots=2)
    *lines, last = replies(talk.host, "getvar:all")
    assert last == b"OKAY"
    assert len(lines) > 60
    for line in lines:
        name, _, value = line.removeprefix(b"INFO").decode().rpartition(":")
        assert talk.ask(f"getvar:{name}") == f"OKAY{value}"


@pytest.mark.parametrize("command", ["", "flsh:boot", "oem unlock", "reboot:x", "\u00ff", "x" * 64])
def test_an_unknown_command_fails_and_the_next_one_is_answered(talk_to: Open, command: str) -> None:
    talk = talk_to()
    if command:
        talk.host.say(command.encode("latin-1"))
        assert talk.host.hear() == b"FAILunknown command"
    assert talk.ask("getvar:serialno") == "OKAYSESSION_1"


@pytest.mark.parametrize("length", [65, 256, 4096])
def test_a_command_over_64_bytes_fails_and_the_next_one_is_answered(
    talk_to: Open, length: int
) -> None:
    talk = talk_to()
    assert talk.ask("getvar:".ljust(length, "x")) == "FAILcommand too long"
    assert talk.ask("getvar:serialno") == "OKAYSESSION_1"


def test_no_reply_is_longer_than_256_bytes(talk_to: Open) -> None:
    talk = talk_to(name="n" * 300)
    assert talk.ask("getvar:flashyard-name") == "OKAY" + "n" * 252


@pytest.mark.parametrize(
    ("argument", "reply"),
    [
        ("00001001", "FAILdata too large"),
        ("ffffffff", "FAILdata too large"),
        ("00000000", "FAILbad download size"),
        ("", "FAILbad download size"),
        ("0x10", "FAILbad download size"),
        ("-1", "FAILbad download size"),
        ("000000001", "FAILbad download size"),
    ],
)
def test_a_download_that_cannot_be_is_refused(talk_to: Open, argument: str, reply: str) -> None:
    talk = talk_to(max_download_size=4096)
    assert talk.ask(f"download:{argument}") == reply
    assert download(talk.host, bytes(4096)) == b"OKAY"


def test_a_download_is_flashed_once(talk_to: Open) -> None:
    talk = talk_to()
    assert talk.ask("flash:boot") == "FAILno image was downloaded"
    assert flash(talk.host, "boot", b"once") == b"OKAY"
    assert talk.ask("flash:boot") == "FAILno image was downloaded"


def test_an_image_larger_than_its_partition_is_refused(talk_to: Open) -> None:
    talk = talk_to(partitions={"tiny": 4096})
    assert flash(talk.host, "tiny", bytes(4097)) == b"FAILimage larger than partition tiny"
    assert not talk.device.partition_file("tiny").exists()
    assert flash(talk.host, "tiny", bytes(4096)) == b"OKAY"


def test_a_locked_device_refuses_whatever_changes_it(talk_to: Open) -> None:
    talk = talk_to(locked=True, slots=2)
    assert talk.ask("getvar:unlocked") == "OKAYno"
    assert talk.ask("getvar:secure") == "OKAYyes"
    refused = "FAILnot allowed on a locked device"
    assert flash(talk.host, "boot", b"x").decode() == refused
    for command in (
        "erase:boot",
        "set_active:b",
        "create-logical-partition:x:4096",
        "delete-logical-partition:x",
        "resize-logical-partition:x:0",
    ):
        assert talk.ask(command) == refused


def test_a_bare_name_means_the_current_slot(talk_to: Open) -> None:
    talk = talk_to(slots=2)
    assert flash(talk.host, "boot", b"first") == b"OKAY"
    assert talk.ask("set_active:_b") == "OKAY"
    assert talk.ask("getvar:current-slot") == "OKAYb"
    assert flash(talk.host, "boot", b"second") == b"OKAY"
    assert flash(talk.host, "userdata", b"third") == b"OKAY"
    files = {path.name: path.read_bytes() for path in files_of(talk)}
    assert {name: data.rstrip(b"\0") for name, data in files.items()} == {
        "boot_a.img": b"first",
        "boot_b.img": b"second",
        "userdata.img": b"third",
    }


def test_slots_show_their_flags(talk_to: Open) -> None:
    talk = talk_to(slots=2, boot_s=0)
    assert talk.ask("getvar:slot-successful:a") == "OKAYyes"
    assert talk.ask("getvar:slot-successful:b") == "OKAYno"
    assert talk.ask("getvar:slot-unbootable:b") == "OKAYno"
    assert talk.ask("set_active:b") == "OKAY"
    assert talk.ask("getvar:slot-successful:b") == "OKAYno"
    assert talk.ask("getvar:slot-retry-count:b") == "OKAY7"
    assert talk.ask("getvar:slot-successful:c").startswith("FAIL")
    assert talk.ask("reboot") == "OKAY"
    assert eventually(lambda: talk.device.device.boots)
    assert talk.device.device.slots["b"].successful


def test_a_device_without_slots_says_so(talk_to: Open) -> None:
    talk = talk_to()
    assert talk.ask("set_active:a") == "FAILdevice has no slots"
    assert talk.ask("getvar:slot-successful:a") == "FAILdevice has no slots"


def test_logical_partitions_come_and_go(talk_to: Open) -> None:
    talk = talk_to()
    assert talk.ask("create-logical-partition:extra:8192") == "OKAY"
    assert talk.ask("create-logical-partition:extra:8192").startswith("FAIL")
    assert talk.ask("create-logical-partition:../x:1").startswith("FAIL")
    assert talk.ask("create-logical-partition:x").startswith("FAIL")
    assert talk.ask(f"create-logical-partition:huge:{1 << 50}").startswith("FAIL")
    assert talk.ask("getvar:is-logical:extra") == "OKAYyes"
    assert flash(talk.host, "extra", b"x" * 8192) == b"OKAY"
    assert talk.ask("resize-logical-partition:extra:4096") == "OKAY"
    assert talk.device.partition_file("extra").read_bytes() == b"x" * 4096
    assert talk.ask("resize-logical-partition:boot:4096").startswith("FAIL")
    file = talk.device.partition_file("extra")
    assert talk.ask("delete-logical-partition:extra") == "OKAY"
    assert not file.exists()
    assert talk.ask("delete-logical-partition:extra").startswith("FAIL")
    assert talk.ask("delete-logical-partition:boot").startswith("FAIL")


def test_a_snapshot_update_can_only_be_cancelled(talk_to: Open) -> None:
    talk = talk_to()
    assert talk.ask("snapshot-update:cancel") == "OKAY"
    assert talk.ask("snapshot-update:merge").startswith("FAIL")


@pytest.mark.parametrize(
    ("command", "userspace"),
    [
        ("reboot", False),
        ("reboot-bootloader", False),
        ("reboot-recovery", False),
        ("reboot-fastboot", True),
        ("continue", False),
        ("shutdown", False),
    ],
)
def test_every_way_down_comes_up_again(
    talk_to: Open,
    command: str,
    userspace: bool,  # noqa: FBT001 - a table of both
) -> None:
    talk = talk_to(boot_s=600)
    assert talk.ask(command) == "OKAY"
    assert eventually(lambda: talk.device.device.boots)
    assert (talk.device.device.mode == "userspace") == userspace


def test_it_remembers_what_it_was_told(talk_to: Open) -> None:
    talk = talk_to()
    assert flash(talk.host, "boot", b"data") == b"OKAY"
    assert talk.ask("gibberish").startswith("FAIL")
    told = talk.device.device
    assert list(told.commands) == ["download:00000004", "flash:boot", "gibberish"]
    assert told.counts == {"download": 1, "flash": 1, "unknown": 1}
    assert told.received == 4


def test_no_word_it_knows_is_unknown_to_it(talk_to: Open) -> None:
    talk = talk_to(slots=2)
    for word in WORDS - RESTARTS:
        assert talk.ask(f"{word}:x") != "FAILunknown command"


def files_of(talk: Talk) -> list[Path]:
    return sorted(talk.device.partition_file("userdata").parent.iterdir())
