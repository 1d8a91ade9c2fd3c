from __future__ import annotations

import pytest

from flashyard.cli.talk import complain, complain_of, print_data, printable, say
from flashyard.contract.faults import Code, refuse


def test_talk_goes_to_stderr_and_data_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    say("working")
    print_data('{"a":1}')
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ('{"a":1}\n', "working\n")


def test_a_complaint_has_sentence_details_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    complain("It broke.", "Mend it.", "FAILlow power")
    said = capsys.readouterr().err.splitlines()
    assert said == ["flashyard: It broke.", "details: FAILlow power", "hint: Mend it."]


def test_a_fault_is_told_and_its_exit_status_returned(capsys: pytest.CaptureFixture[str]) -> None:
    assert complain_of(refuse(Code.DEVICE_LOCKED)) == 4
    assert capsys.readouterr().err.startswith("flashyard: The device's bootloader is locked.\n")


def test_a_devices_words_cannot_steer_the_terminal() -> None:
    assert printable("low\x1b[2Jpower\x07\x9b") == "low�[2Jpower��"
    assert printable("Gerät · 裝置") == "Gerät · 裝置"
