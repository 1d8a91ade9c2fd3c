"""What the devices wrote down is read as it is meant: bytes by job, parts by partition."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

from chaos.ledger import NAME, Ledger, WrittenDevice
from flashyard.flash.emulator import Profile
from flashyard.flash.emulator.command import Command
from flashyard.flash.emulator.media import Media


def ledger(folder: Path, *lines: str) -> Ledger:
    (folder / NAME).write_text("".join(lines))
    read = Ledger(folder)
    read.read()
    return read


def test_it_tells_who_was_flashed_last_how_often_and_what_it_took(tmp_path: Path) -> None:
    read = ledger(
        tmp_path,
        "A\tgetvar:partition-size:j1.0\n",
        "A\tdownload:00000064\n",
        "A\tflash:j1.0\n",
        "A\tgetvar:product\n",  # somebody else has come
        "A\tgetvar:has-slot:j2\n",
        "B\tgetvar:has-slot:j3\n",
        "A\ttook:130:j1\n",
        "A\ttook:7:j2\n",
    )
    assert read.received == {"j1": 130, "j2": 7}
    assert read.flashed == {"j1.0": 1}
    assert read.newest == {"A": "j2", "B": "j3"}


def test_half_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    read = ledger(tmp_path, "A\tgetvar:has-slot:j1\n", "A\tfla")
    assert read.flashed == {}
    with (tmp_path / NAME).open("a") as file:
        file.write("sh:j1\n")
    read.read()
    assert read.flashed == {"j1": 1}


def test_bytes_of_a_session_that_was_broken_off_are_not_the_next_jobs(tmp_path: Path) -> None:
    with (tmp_path / NAME).open("w") as book:
        profile = Profile(serial="A", partitions={"j1": 1 << 20, "j2": 1 << 20})
        device = WrittenDevice(profile, Media(tmp_path), book)
        device.note(Command.parse(b"getvar:has-slot:j1"))
        another = Thread(target=device.note, args=[Command.parse(b"getvar:has-slot:j2")])
        another.start()
        another.join()
        device.add_received(5)
        device.sum_up()
    read = Ledger(tmp_path)
    read.read()
    assert read.received == {"j1": 5}
    assert read.newest == {"A": "j2"}
