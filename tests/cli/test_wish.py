from __future__ import annotations

from pathlib import Path

import pytest

from flashyard.cli.wish import Factory, Named, What, Words, understood
from flashyard.contract.faults import Code, FaultError


def told(*words: str, everything: bool = False, skip: tuple[str, ...] = ()) -> Words:
    return understood(words, everything=everything, skip=skip, only=())


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["boot", "boot.img"], (Named("boot", Path("boot.img")),)),
        (["boot", "a=b.img"], (Named("boot", Path("a=b.img")),)),
        (["boot=boot.img"], (Named("boot", Path("boot.img")),)),
        (
            ["boot=b.img", "vbmeta_a=dir/v=1.img"],
            (Named("boot", Path("b.img")), Named("vbmeta_a", Path("dir/v=1.img"))),
        ),
        (["factory.zip"], Factory(Path("factory.zip"))),
        (["out/target"], Factory(Path("out/target"))),
        (["./a=b.zip"], Factory(Path("./a=b.zip"))),
    ],
)
def test_what_is_meant_is_told_by_the_form(words: list[str], what: What) -> None:
    assert told("P*", *words) == Words("P*", what)
    assert told(*words, everything=True) == Words(None, what)


def test_partitions_are_chosen_of_a_factory_image_alone() -> None:
    chosen = told("P1", "factory.zip", skip=("boot", "vbmeta"))
    assert chosen.what == Factory(Path("factory.zip"), skip=frozenset({"boot", "vbmeta"}))
    with pytest.raises(FaultError) as refusal:
        told("P1", "boot", "boot.img", skip=("boot",))
    assert "factory image" in refusal.value.fault.sentence


@pytest.mark.parametrize(
    ("words", "everything", "word"),
    [
        ([], False, "DEVICES"),
        ([], True, "DEVICES"),
        (["P1"], False, "DEVICES"),
        (["P1", "a", "b", "c"], False, "DEVICES"),
        (["P1", "boot=b.img", "vbmeta"], False, "boot=b.img"),
        (["P1", "../boot", "b.img"], False, "../boot"),
        (["P1", "boot=b.img", "../x=y.img", "more"], False, "DEVICES"),
    ],
)
def test_what_is_unclear_is_refused(words: list[str], word: str, *, everything: bool) -> None:
    with pytest.raises(FaultError) as refusal:
        told(*words, everything=everything)
    assert refusal.value.fault.code is Code.INVALID_REQUEST
    assert word in refusal.value.fault.sentence
