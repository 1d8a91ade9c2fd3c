"""What the embedded broker is told: where it listens, who is let in, and its TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from flashyard.contract.faults import Code, refuse
from flashyard.endpoint import Endpoint
from flashyard.settings.pair import refuse_half
from flashyard.settings.settings import Settings
from flashyard.settings.values import Addresses

CREDENTIALS = "credentials.json"  # in the broker's directory; `flashyard access` keeps it


class BrokerSettings(Settings):
    """The embedded broker's.

    ``credentials``: the file of who is let in; by default the one that `access` keeps, if there is
    one. ``client_ca``: whose client certificates are asked for.
    ``sys_interval``: seconds between two rounds of its ``$SYS`` topics; 0: there are none.
    """

    section: ClassVar[str] = "broker"

    listen: Addresses = (Endpoint("127.0.0.1", 1883),)
    credentials: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    sys_interval: Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)] = 0.0

    @property
    def credentials_file(self) -> Path | None:
        """Who is let in; None: nobody has a credential yet, and everyone on loopback is let in."""
        path = self.credentials_path
        return path if self.credentials or path.is_file() else None

    @property
    def credentials_path(self) -> Path:
        """Where the credentials are, or are to be made."""
        return self.credentials or self.directory / CREDENTIALS

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        refuse_half("--tls-cert", self.tls_cert, "--tls-key", self.tls_key)
        if self.client_ca is not None and self.tls_cert is None:
            raise refuse(
                Code.INVALID_REQUEST,
                "--client-ca needs --tls-cert: client certificates are part of TLS.",
                hint="Give --tls-cert and --tls-key, too.",
            )
        for endpoint in self.listen:
            if not endpoint.is_loopback and self.credentials_file is None:
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"An MQTT listener on {endpoint}, beyond this machine, needs --credentials.",
                    hint="Make one for each hub with `flashyard access add hub NAME`, "
                    "or listen on a loopback address such as 127.0.0.1:1883.",
                )
        return self
