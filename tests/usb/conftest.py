"""The guest all USB tests share: booted once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.guest.guest import QEMU, Guest
from support.guest.kernel import fetch_kernel

BOOTED_IN = pytest.StashKey[float]()
CACHE = Path(__file__).parents[2] / "build" / "guest"


@pytest.fixture(scope="session")
def guest(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    if shutil.which(QEMU) is None:
        pytest.skip(f"NOTHING WAS TESTED ON USB: {QEMU} is not here and could not be installed")
    with Guest(fetch_kernel(CACHE), tmp_path_factory.mktemp("guest")) as guest:
        pytestconfig.stash[BOOTED_IN] = guest.boot_s
        yield guest


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if BOOTED_IN in config.stash:
        terminalreporter.write_line(f"the guest booted in {config.stash[BOOTED_IN]:.1f} s")
