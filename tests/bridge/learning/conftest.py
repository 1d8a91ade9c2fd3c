"""The fixture `rig`: a real bridge behind a real broker, and a hub that does as a test says."""

from __future__ import annotations

from support.rig import rig, shared_rig

__all__ = ["rig", "shared_rig"]
