"""What the bridge is told: its broker, its doors, and where images lie."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from flashyard.contract.faults import Code, refuse
from flashyard.endpoint import Endpoint
from flashyard.settings.database_url import DatabaseUrl
from flashyard.settings.link import LinkSettings
from flashyard.settings.values import Addresses, Networks, listed


class BridgeSettings(LinkSettings):
    """The bridge's.

    ``lost_after``: seconds until a silent hub's jobs are given up; ``broker_sys``: whether to ask
    for the broker's ``$SYS`` topics; ``trusted_proxy``: addresses and networks whose word on where
    a request came from is taken; ``audit_keep``: days that a line of the audit trail is kept, 0 for
    ever; ``history_keep``, ``history_max``: days that an ended job is kept, and how many jobs are,
    0 for no such bound.
    """

    section: ClassVar[str] = "bridge"

    broker_sys: bool = False
    listen: Addresses = (Endpoint("127.0.0.1", 8000),)
    token_file: Path | None = None
    allow_origin: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    image_store: Path | None = None
    lost_after: Annotated[float, Field(gt=0, le=7 * 86400, allow_inf_nan=False)] = 600.0
    database: DatabaseUrl | None = Field(default=None, repr=False)
    trusted_proxy: Networks = ()
    audit_keep: Annotated[int, Field(ge=0, le=36_525)] = 5 * 366
    history_keep: Annotated[int, Field(ge=0, le=36_525)] = 3 * 366
    history_max: Annotated[int, Field(ge=0, le=1_000_000_000)] = 1_000_000

    @property
    def images(self) -> Path:
        """The image store's directory."""
        return self.image_store or self.data_dir / "images"

    @property
    def database_url(self) -> str:
        """The database's URL; it may hold a password."""
        return self.database or f"sqlite:///{(self.directory / 'flashyard.db').absolute()}"

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        for endpoint in self.listen:
            if not endpoint.is_loopback and self.token_file is None:
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"Listening on {endpoint}, beyond this machine, needs --token-file.",
                    hint="Put a secret of your own into a file and name it with --token-file, "
                    "or listen on 127.0.0.1.",
                )
        return self
