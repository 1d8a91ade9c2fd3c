"""What the emulator is told as every command that serves is; its devices come as flags."""

from __future__ import annotations

from typing import ClassVar

from flashyard.settings.settings import Settings


class EmulatorSettings(Settings):
    """The emulator's: what it shares with every other command that serves."""

    section: ClassVar[str] = "emulator"
