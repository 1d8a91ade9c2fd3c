"""The guest all USB tests share: booted once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.guest.guest import QEMU, Guest
from support.guest.kernel import fetch_kernel

CACHE = Path(__file__).parents[2] / "build" / "guest"


@pytest.fixture(scope="session")
def guest(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    if shutil.which(QEMU) is None:
        pytest.skip(f"NOTHING WAS TESTED ON USB: {QEMU} is not here and could not be installed")
    with Guest(fetch_kernel(CACHE), tmp_path_factory.mktemp("guest")) as guest:
        terminal = pytestconfig.pluginmanager.get_plugin("terminalreporter")
        assert isinstance(terminal, pytest.TerminalReporter)
        terminal.write_line(f"the guest booted in {guest.boot_s:.1f} s")
        yield guest
