"""What is asked for is drawn from the seed, and of every kind."""

from __future__ import annotations

from chaos.cargo import MIB
from chaos.errand import Fate, errands

IMAGES = ("raw", "sparse")
DEVICES = ("A", "B", "C")


def test_the_same_seed_asks_for_the_same() -> None:
    drawn = errands("seed", 50, DEVICES, IMAGES, 4)
    assert drawn == errands("seed", 50, DEVICES, IMAGES, 4)
    assert drawn != errands("other", 50, DEVICES, IMAGES, 4)


def test_there_are_all_kinds_of_jobs_and_no_two_share_a_partition() -> None:
    drawn = errands("seed", 200, DEVICES, IMAGES, 4)
    partitions = [name for errand in drawn for name in errand.partitions]
    assert len(set(partitions)) == len(partitions)
    assert {errand.fate for errand in drawn} == set(Fate)
    assert {len(errand.images) for errand in drawn} == {0, 1, 2, 3}
    assert {errand.device for errand in drawn} == set(DEVICES)
    assert any("priority" in errand.options for errand in drawn)
    assert max(errand.size for errand in drawn) <= 4 * MIB


def test_a_start_says_what_is_to_be_where() -> None:
    stored = {"raw": "1" * 64, "sparse": "2" * 64}
    for errand in errands("seed", 100, DEVICES, IMAGES, 4):
        body = errand.body(stored)
        assert body["idempotencyKey"] == errand.name
        if len(errand.images) > 1:
            named = [step["partition"] for step in body["partitions"]]
        else:
            named = [body["partition"]]
        assert tuple(named) == errand.partitions
        assert ("imageSize" in body) is (not errand.images)
