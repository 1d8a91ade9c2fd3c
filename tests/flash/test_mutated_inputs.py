"""Every parser of what comes from outside against thousands of damaged inputs.

Each is a fault of a few codes, or rightly read; never a traceback. A failure names its seed, and
`python -m support.siege SUBJECT SEED` tries that one again.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.siege import besiege, besiege_apart
from support.subjects import SUBJECTS

FEW, MANY = 300, 20_000


@pytest.mark.parametrize("name", SUBJECTS)
def test_what_is_sound_is_accepted(name: str, tmp_path: Path) -> None:
    for sound in SUBJECTS[name].sound:
        assert SUBJECTS[name].read(sound, tmp_path) == "accepted"


@pytest.mark.parametrize("name", SUBJECTS)
def test_no_damaged_input_is_more_than_a_fault(name: str, tmp_path: Path) -> None:
    siege = besiege(SUBJECTS[name], tmp_path, range(FEW))
    assert siege.came.total() == FEW
    assert siege.came["accepted"] < FEW, "nothing was damaged"


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", SUBJECTS)
def test_none_of_twenty_thousand_is_more_than_a_fault_in_bounded_memory_and_time(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    siege = besiege_apart(name, MANY)
    with capsys.disabled():
        print(  # noqa: T201 - what was measured is told, not asserted
            f"\n{name}: {dict(siege.came)}; the slowest took {siege.slowest * 1000:.1f} ms "
            f"(seed {siege.slowest_seed}); {siege.resident >> 20} MiB at most"
        )
    assert siege.came.total() == MANY
    assert 0 < siege.came["accepted"] < MANY
