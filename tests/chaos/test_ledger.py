"""What the devices wrote down is read as it is meant: bytes by job, parts by partition."""

from __future__ import annotations

from pathlib import Path

from chaos.ledger import NAME, Ledger


def ledger(folder: Path, *lines: str) -> Ledger:
    (folder / NAME).write_text("".join(lines))
    read = Ledger(folder)
    read.read()
    return read


def test_bytes_belong_to_the_job_that_was_named_last(tmp_path: Path) -> None:
    read = ledger(
        tmp_path,
        "A\t0\tgetvar:partition-size:j1.0\n",
        "A\t0\tdownload:00000064\n",
        "A\t100\tflash:j1.0\n",
        "A\t100\tdownload:00000064\n",
        "A\t130\tgetvar:product\n",  # it was cut off, and somebody else has come
        "A\t130\tgetvar:has-slot:j2\n",
        "A\t130\tdownload:00000007\n",
        "A\t137\tflash:j2\n",
        "A\t137\t\n",
    )
    assert read.received == {"j1": 130, "j2": 7}
    assert read.flashed == {"j1.0": 1, "j2": 1}
    assert read.newest == {"A": "j2"}


def test_each_device_has_its_own_count(tmp_path: Path) -> None:
    read = ledger(
        tmp_path,
        "A\t5\tgetvar:has-slot:j1\n",
        "B\t9\tgetvar:has-slot:j2\n",
        "A\t7\tflash:j1\n",
        "B\t19\tflash:j2\n",
    )
    assert read.received == {"j1": 2, "j2": 10}


def test_half_a_line_is_read_once_it_is_whole(tmp_path: Path) -> None:
    read = ledger(tmp_path, "A\t0\tgetvar:has-slot:j1\n", "A\t1")
    assert read.received == {}
    with (tmp_path / NAME).open("a") as file:
        file.write("2\tflash:j1\n")
    read.read()
    assert read.received == {"j1": 12}
