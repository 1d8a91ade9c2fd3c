from __future__ import annotations

import pytest

from flashyard.flash.recordings.blanking import blanked
from flashyard.flash.recordings.transcript import Act, Call


def told(question: str, *answers: str) -> list[Call]:
    heard = [Call(0, Act.RECEIVE, answer.encode()) for answer in answers]
    return [Call(0, Act.SEND, f"getvar:{question}".encode()), *heard]


def words(calls: list[Call], known: str | None = None) -> list[str]:
    return [(call.packet or b"").decode() for call in blanked(calls, known)]


def test_a_serial_is_blanked_wherever_it_stands_before_and_after() -> None:
    calls = [
        *told("all", "INFO(bootloader) note:made for ABC123", "OKAY"),
        *told("serialno", "OKAY ABC123\0\0"),
        Call(9, Act.RECEIVE, details="ABC123 is gone"),
    ]
    assert words(calls)[1:4:2] == ["INFO(bootloader) note:made for xxxxxx", "getvar:serialno"]
    assert words(calls)[4] == "OKAY xxxxxx\0\0"
    assert blanked(calls)[-1].details == "xxxxxx is gone"


@pytest.mark.parametrize(
    "name",
    ["imei2", "meid", "serial-number", "board_serialno", "wifi-mac", "macaddr", "cpu-id", "uuid"],
)
def test_what_else_is_one_devices_own_is_blanked(name: str) -> None:
    assert words(told("all", f"INFO{name}: 00:11:22:33"))[1] == f"INFO{name}: xxxxxxxxxxx"
    assert words(told(name, "OKAY00112233"))[1] == "OKAYxxxxxxxx"


def test_a_serial_known_from_usb_is_blanked_though_nobody_asked() -> None:
    assert words(told("product", "OKAYPHONE_77"), "PHONE_77")[1] == "OKAYxxxxxxxx"


def test_everything_else_stays() -> None:
    calls = [
        *told("serialno", "OKAY1"),  # too short to be looked for
        *told("product", "OKAYsargo1"),
        *told("machine", "OKAYmsm8998"),
        *told(
            "all",
            "INFOserial-console: enabled",
            "INFOpartition-size:userdata: 0x1000",
            "INFOmax-download-size:0x1",
        ),
    ]
    assert words(calls) == [(call.packet or b"").decode() for call in calls]
