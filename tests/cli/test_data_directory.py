from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.cli.data_directory import held, is_held
from flashyard.contract.faults import Code, FaultError


def test_a_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "hub"
    with held([directory]):
        assert directory.is_dir()
        assert directory.stat().st_mode & 0o077 == 0


def test_a_directory_in_use_is_refused_in_one_sentence_and_free_again_later(tmp_path: Path) -> None:
    directory = tmp_path / "hub"
    with held([directory]), pytest.raises(FaultError, match="in use by another") as caught:
        held([directory]).__enter__()
    assert "--data-dir" in (caught.value.fault.hint or "")
    with held([directory]):
        pass


def test_if_one_of_two_cannot_be_held_the_other_is_not(tmp_path: Path) -> None:
    with held([tmp_path / "images"]):
        with pytest.raises(FaultError), held([tmp_path / "bridge", tmp_path / "images"]):
            pytest.fail("it was held")
        with held([tmp_path / "bridge"]):
            pass


def test_a_place_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FaultError) as caught, held([tmp_path / "file" / "hub"]):
        pytest.fail("it was held")
    assert caught.value.fault.code is Code.INVALID_REQUEST


def test_a_directory_is_held_while_somebody_works_in_it(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    with held([tmp_path / "hub"]):
        assert is_held(tmp_path / "hub")
    assert not is_held(tmp_path / "hub")
