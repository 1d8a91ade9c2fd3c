from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashyard.contract.faults import Code, FaultError
from flashyard.contract.plans import Requirement
from flashyard.flash.factory.android_info import parse

WORDS = st.text(st.sampled_from("abcXYZ019.-_*"), min_size=1, max_size=20)


def asked(text: str) -> tuple[Requirement, ...]:
    return parse(text.encode()).requirements


def test_every_form_of_a_requirement_is_understood() -> None:
    assert asked(
        "# made by the build\n"
        "\n"
        "require board=alpha|beta | gamma\r\n"
        "require version-bootloader = 1.2*\n"
        "version-baseband=b1\n"
        "reject version-trustzone=old\n"
        "require-for-product:gamma version-modem=m1|m2\n"
    ) == (
        Requirement(variable="product", values=("alpha", "beta", "gamma")),
        Requirement(variable="version-bootloader", values=("1.2*",)),
        Requirement(variable="version-baseband", values=("b1",)),
        Requirement(variable="version-trustzone", values=("old",), reject=True),
        Requirement(variable="version-modem", values=("m1", "m2"), product="gamma"),
    )


def test_a_partition_that_has_to_exist_is_asked_for_and_its_image_needed() -> None:
    info = parse(b"require partition-exists=product\nrequire partition-exists=vendor\n")
    assert info.images == ("product", "vendor")
    assert info.requirements[0] == Requirement(variable="has-slot:product", values=("yes", "no"))


def test_what_is_said_twice_is_asked_once() -> None:
    assert len(asked("require board=a\nrequire product=a\n")) == 1


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("require board", 1),
        ("board=\n", 1),
        ("board=a\nboard=a||b", 2),
        ("board=a b", 1),
        ("reject\n", 1),
        ("require-for-product:x reject a=b", 1),
        (f"board={'x' * 61}", 1),
        ("\n\n=a", 3),
    ],
)
def test_a_line_that_is_not_understood_is_refused_and_named(text: str, number: int) -> None:
    with pytest.raises(FaultError) as refusal:
        asked(text)
    assert refusal.value.fault.code is Code.IMAGE_CORRUPT
    assert refusal.value.fault.sentence.startswith(f"android-info.txt, line {number}: ")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xff\xfe", Code.IMAGE_CORRUPT),
        (b"#" * 70_000, Code.IMAGE_CORRUPT),
        (b"".join(b"v%d=1\n" % each for each in range(65)), Code.NOT_SUPPORTED),
    ],
)
def test_what_is_no_such_file_is_refused(content: bytes, code: Code) -> None:
    with pytest.raises(FaultError) as refusal:
        parse(content)
    assert refusal.value.fault.code is code


@given(st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1, max_size=4)), max_size=8))
def test_what_is_written_is_what_is_asked(rules: list[tuple[str, list[str]]]) -> None:
    text = "\n".join(f"require  {name} = {' | '.join(values)}" for name, values in rules)
    want = {(name, tuple(values)) for name, values in rules if name != "partition-exists"}
    assert {(each.variable, each.values) for each in asked(text)} == want
