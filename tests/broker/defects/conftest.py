"""The fixture `serve` starts the broker that a test of a defect runs on."""

from __future__ import annotations

from support.defects import serve

__all__ = ["serve"]
