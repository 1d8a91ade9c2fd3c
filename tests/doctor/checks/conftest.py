"""The fixture `paper`: a host on paper, run by an ordinary user."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.paper_host import HostOnPaper


@pytest.fixture
def paper(tmp_path: Path) -> HostOnPaper:
    return HostOnPaper(tmp_path)
