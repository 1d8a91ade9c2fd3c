"""What all tests of batches share: the fixture `rig`, and short waits."""

from __future__ import annotations

import pytest

from flashyard_bridge.batches import overseer, starting
from support.databases import rig_database_of_each_kind as rig_database
from support.rig import rig, shared_rig

__all__ = ["rig", "rig_database", "shared_rig"]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that only make one wait are short."""
    monkeypatch.setattr(overseer, "EVERY", 0.2)
    monkeypatch.setattr(overseer, "PAUSE", 0.02)
    monkeypatch.setattr(starting, "FIRST", 50)
    monkeypatch.setattr(starting, "LONGEST", 100)
