"""Wishes as the command line makes them: the words sorted, the options at their defaults."""

from __future__ import annotations

from typing import Any

from flashyard.cli.wish import Wish, understood


def a_wish(*words: str, **more: Any) -> Wish:
    """Make one of the arguments of `flashyard flash`, with some options changed."""
    meant = understood(words, everything=False, skip=(), only=())
    plain = dict.fromkeys(("hub_id", "slot", "verify", "rollback", "bmap"))
    names = ("disks", "erase", "wipe", "as_is", "no_bmap", "allow_dangerous")
    flags = dict.fromkeys(names, False)
    return Wish(
        devices=meant.devices, what=meant.what, **{**plain, **flags, "reboot": True, **more}
    )
