"""What a command that asks a bridge is told: where it is, and what lets us in."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from flashyard.settings.settings import Settings
from flashyard.settings.values import HttpUrl


class ClientSettings(Settings):
    """Where the bridge is, and what lets us in.

    ``tell_user``: whether it is told who works at this terminal, for its audit trail.
    """

    section: ClassVar[str] = "client"

    url: HttpUrl = "http://127.0.0.1:8000"
    token_file: Path | None = None
    tell_user: bool = True
