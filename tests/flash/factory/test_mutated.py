"""Damaged bundles and scripts by the thousand: a fault each, or what is in them, unchanged."""

from __future__ import annotations

import hashlib
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.flash.factory import android_info, fastboot_info
from flashyard.flash.factory.bundle import opened
from flashyard.flash.factory.measure import measure
from flashyard.flash.factory.plan import Choice, plan
from flashyard.flash.source import MIB
from support.factory_images import FASTBOOT_INFO, images, noise, vendors, zipped
from support.packings import damaged

FEW, MANY = 60, 20_000
EXPECTED = {Code.IMAGE_CORRUPT, Code.IMAGE_TOO_LARGE, Code.NOT_SUPPORTED, Code.INVALID_REQUEST}
PHONE = {
    "android-info.txt": b"require board=a|b\nrequire partition-exists=boot\nreject version=1\n",
    "fastboot-info.txt": FASTBOOT_INFO,
    "super_empty.img": noise(600, "super"),
    "system_other.img": noise(500, "other"),
    **{name: content for name, content in images().items() if name.endswith(".img")},
}
SOUND = {hashlib.sha256(content).hexdigest() for content in PHONE.values()}
SCRIPTS = {
    "android-info": (android_info.parse, PHONE["android-info.txt"]),
    "fastboot-info": (fastboot_info.parse, FASTBOOT_INFO),
}
BUNDLES = {
    "zip": zipped(PHONE),
    "stored": zipped(PHONE, zipfile.ZIP_STORED),
    "vendor": vendors(PHONE),
    "vendor-deflated": vendors(PHONE, zipfile.ZIP_DEFLATED),
}


def came_of(work: Callable[[], object]) -> str:
    try:
        work()
    except FaultError as error:
        return expected(error)
    return "accepted"


def expected(error: FaultError) -> str:
    assert error.fault.code in EXPECTED, error
    assert len(error.fault.sentence) < 1000
    return "refused"


def parsed(script: str, count: int) -> Counter[str]:
    random = Random(count)
    parse, sound = SCRIPTS[script]
    return Counter(came_of(lambda: parse(damaged(random, sound))) for _ in range(count))


def carried_out(path: Path) -> None:
    """Do all that the command line does before anything is sent."""
    with opened(path) as bundle:
        for step in plan(bundle, Choice(wipe=True)).steps:
            assert measure(step.member, lambda _: None).sha256 in SOUND


def bundled(form: str, path: Path, count: int) -> Counter[str]:
    random = Random(count)
    came: Counter[str] = Counter()
    for _ in range(count):
        path.write_bytes(damaged(random, BUNDLES[form]))
        came[came_of(lambda: carried_out(path))] += 1
    return came


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_damaged_script_is_more_than_a_fault(script: str) -> None:
    came = parsed(script, FEW)
    assert came["accepted"], came
    assert came["refused"], came


@pytest.mark.parametrize("form", BUNDLES)
def test_no_damaged_bundle_is_more_than_a_fault(form: str, tmp_path: Path) -> None:
    assert bundled(form, tmp_path / "bundle.zip", FEW)["refused"] > FEW // 3


@pytest.mark.long
@pytest.mark.parametrize("script", SCRIPTS)
def test_none_of_twenty_thousand_scripts_is_more_than_a_fault(script: str) -> None:
    came = parsed(script, MANY)
    assert came["accepted"], came
    assert came["refused"], came


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("form", "count"),
    [("zip", MANY), *((form, MANY // 4) for form in BUNDLES if form != "zip")],
)
def test_none_of_thousands_of_bundles_is_more_than_a_fault_in_bounded_memory(
    form: str, count: int, tmp_path: Path
) -> None:
    tracemalloc.start()
    try:
        came = bundled(form, tmp_path / "bundle.zip", count)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert came["refused"] > count // 3, came
    assert peak < 64 * MIB
