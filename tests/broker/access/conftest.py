"""The fixtures `guarded` and `ours`: brokers that ask for credentials."""

from __future__ import annotations

from support.guarded import guarded, ours

__all__ = ["guarded", "ours"]
