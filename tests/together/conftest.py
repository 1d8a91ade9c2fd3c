"""The fixture `drop_in` is for the tests of what the originals promised."""

from __future__ import annotations

from support.drop_in import drop_in

__all__ = ["drop_in"]
