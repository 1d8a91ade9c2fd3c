"""What whoever has a link to a broker is told of it; it opens none."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from flashyard.contract.faults import Code, refuse
from flashyard.settings.pair import refuse_half
from flashyard.settings.settings import Settings
from flashyard.settings.values import BrokerUrl


class LinkSettings(Settings):
    """What whoever has a link to a broker is told of it.

    ``broker_ca``: whom to trust in the place of the system's authorities; ``broker_cert`` and
    ``broker_key``: who we are, to a broker that asks for a certificate.
    """

    broker: BrokerUrl = Field(repr=False)
    broker_ca: Path | None = None
    broker_cert: Path | None = None
    broker_key: Path | None = None

    @model_validator(mode="after")
    def _over_tls(self) -> Self:
        refuse_half("--broker-cert", self.broker_cert, "--broker-key", self.broker_key)
        given = {"--broker-ca": self.broker_ca, "--broker-cert": self.broker_cert}
        for option, path in given.items():
            if path is not None and not self.broker.startswith("mqtts://"):
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"{option} is for TLS, and --broker names a broker without it.",
                    hint=f"Give --broker mqtts://HOST:PORT, or leave out {option}.",
                )
        return self
