from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.factory.fastboot_info import parse
from flashyard.flash.factory.tasks import Erase, Flash, IfWipe, Reboot, Task, UpdateSuper
from support.factory_images import FASTBOOT_INFO

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}", fullmatch=True)


def test_a_phones_file_is_understood() -> None:
    assert parse(FASTBOOT_INFO) == (
        Flash("boot", "boot.img"),
        Flash("vbmeta", "vbmeta.img"),
        Reboot("fastboot"),
        UpdateSuper(),
        Flash("system", "system.img"),
        Flash("system", "system_other.img", other=True),
        IfWipe(Erase("userdata")),
        IfWipe(Erase("metadata")),
    )


def test_a_restart_at_the_end_is_what_happens_anyway() -> None:
    assert parse(b"flash boot\nreboot\n") == (Flash("boot", "boot.img"),)


def test_what_is_flashed_only_with_a_wipe_is_known() -> None:
    assert parse(b"if-wipe flash userdata") == (IfWipe(Flash("userdata", "userdata.img")),)


@pytest.mark.parametrize(
    ("text", "number", "code"),
    [
        ("version 1\noem unlock", 2, Code.NOT_SUPPORTED),
        ("version 2\nflash boot", 1, Code.NOT_SUPPORTED),
        ("erase userdata", 1, Code.NOT_SUPPORTED),
        ("reboot\nflash boot", 1, Code.NOT_SUPPORTED),
        ("reboot recovery", 1, Code.NOT_SUPPORTED),
        ("if-wipe reboot fastboot", 1, Code.NOT_SUPPORTED),
        ("update-super wipe", 1, Code.NOT_SUPPORTED),
        ("version one", 1, Code.IMAGE_CORRUPT),
        ("version \u0661", 1, Code.IMAGE_CORRUPT),
        ("version 99999999999999999999", 1, Code.IMAGE_CORRUPT),
        ("# first\nflash", 2, Code.IMAGE_CORRUPT),
        ("flash --wipe boot", 1, Code.IMAGE_CORRUPT),
        ("flash boot boot.img more.img", 1, Code.IMAGE_CORRUPT),
        ("flash ../boot", 1, Code.IMAGE_CORRUPT),
        ("if-wipe erase user/data", 1, Code.IMAGE_CORRUPT),
    ],
)
def test_a_command_that_is_not_known_is_refused_and_named(
    text: str, number: int, code: Code
) -> None:
    with pytest.raises(FaultError) as refusal:
        parse(text.encode())
    assert refusal.value.fault.code is code
    assert refusal.value.fault.sentence.startswith(f"fastboot-info.txt, line {number}: ")


def test_too_much_is_refused() -> None:
    with pytest.raises(FaultError) as refusal:
        parse(b"flash boot\n" * 300)
    assert refusal.value.fault.code is Code.NOT_SUPPORTED


def told(task: Task) -> str:
    match task:
        case Flash(partition, file, other):
            return f"flash {'--slot-other ' if other else ''}{partition} {file}"
        case Reboot(into):
            return f"reboot {into}"
        case Erase(partition):
            return f"erase {partition}"
        case IfWipe(inner):
            return f"if-wipe {told(inner)}"
        case UpdateSuper():
            return "update-super"


FLASHES = st.builds(Flash, NAMES, NAMES, st.booleans())
TASKS: st.SearchStrategy[Task] = st.one_of(
    FLASHES,
    st.builds(UpdateSuper),
    st.builds(Reboot, st.sampled_from(["bootloader", "fastboot"])),
    st.builds(IfWipe, st.one_of(FLASHES, st.builds(Erase, NAMES))),
)


@given(st.lists(TASKS, max_size=10))
def test_what_is_written_is_what_is_done(tasks: list[Task]) -> None:
    assert parse("\n".join(map(told, tasks)).encode()) == tuple(tasks)
