"""The fixture `rig` is for all tests of ways back."""

from __future__ import annotations

from support.rig import rig, shared_rig

__all__ = ["rig", "shared_rig"]
