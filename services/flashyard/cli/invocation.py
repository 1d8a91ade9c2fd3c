"""One call of the command line: what was said before the command's name, and the settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from flashyard.settings import ClientSettings
    from flashyard.sources import S


@dataclass(frozen=True, slots=True)
class Invocation:
    """``config``: the settings file that was named, or None."""

    config: Path | None = None

    def settings(self, role: type[S], **flags: object) -> S:
        """Decode a role's settings of this call's flags, the environment and the file.

        Raises:
            FaultError: what cannot be decoded, or goes together with nothing.
        """
        from flashyard.sources import load

        return load(role, flags, self.config)


def client_settings(ctx: typer.Context, url: str | None, token_file: Path | None) -> ClientSettings:
    """Decode which bridge a command is for.

    Raises:
        FaultError: as `Invocation.settings`.
    """
    from flashyard.settings import ClientSettings

    said: Invocation = ctx.obj
    return said.settings(ClientSettings, url=url, token_file=token_file)
