"""The fixture `rig` is for all tests of ways back."""

from __future__ import annotations

from support.databases import rig_database_of_each_kind as rig_database
from support.rig import rig, shared_rig

__all__ = ["rig", "rig_database", "shared_rig"]
