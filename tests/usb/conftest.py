"""The guest all USB tests share: booted once."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.guest.guest import MEMORY, QEMU, Guest
from support.guest.kernel import fetch_kernel
from support.guest.yard import Yard

BOOTED_IN = pytest.StashKey[float]()
UNTESTED = pytest.StashKey[str]()
CACHE = Path(__file__).parents[2] / "build" / "guest"


@pytest.fixture(scope="session")
def guest(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    if shutil.which(QEMU) is None:
        pytestconfig.stash[UNTESTED] = f"{QEMU} is not here and could not be installed"
        pytest.skip(pytestconfig.stash[UNTESTED])
    with Guest(fetch_kernel(CACHE), tmp_path_factory.mktemp("guest")) as guest:
        pytestconfig.stash[BOOTED_IN] = guest.boot_s
        yield guest


@pytest.fixture(scope="session")
def file_system(guest: Guest) -> Path:
    """An ext4 image of four times what the phone takes at once, in the guest's memory."""
    tree, image = guest.share / "tree", guest.share / "system.ext4"
    tree.mkdir()
    for number in range(4):
        content = random.Random(number).randbytes(2_500_000 + number)
        tree.joinpath(f"file-{number}").write_bytes(content)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, image, "16m"], check=True)
    guest.told(f"cp {image} {MEMORY}")
    return MEMORY / image.name


@pytest.fixture(scope="module")
def yard(guest: Guest) -> Iterator[Yard]:
    with Yard(guest) as yard:
        yield yard


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if UNTESTED in config.stash:
        line = f"NOTHING WAS TESTED ON USB: {config.stash[UNTESTED]}"
        terminalreporter.write_sep("!", line, red=True, bold=True)
    if BOOTED_IN in config.stash:
        terminalreporter.write_line(f"the guest booted in {config.stash[BOOTED_IN]:.1f} s")
