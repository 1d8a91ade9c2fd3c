"""What every command can be told, and the one way in which it is told: by arguments."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class Settings(BaseSettings):
    """What every command can be told. A relative path is relative to the working directory."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", enable_decoding=False)
    section: ClassVar[str] = ""

    data_dir: Path = Field(default_factory=lambda: user_data_path("flashyard"))
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "plain"] = "auto"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments alone: only `flashyard.sources` looks around."""
        return (init_settings,)

    @property
    def directory(self) -> Path:
        """The role's own directory under the data directory."""
        return self.data_dir / self.section
