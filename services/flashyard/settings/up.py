"""What `up` is told of the whole system; a role's own settings are with that role."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, model_validator

from flashyard.contract.faults import Code, refuse
from flashyard.settings.settings import Settings
from flashyard.settings.values import Address, Addresses, BrokerUrl


class UpSettings(Settings):
    """The whole system's. What is None is left to the role's own settings.

    ``hub_broker``: the broker as the hub calls it, where the hub has a credential of its own.
    ``mqtt``, ``tls_…`` and ``client_ca`` are the broker's that `up` starts, so that ``broker``,
    which is somebody else's, excludes them.
    """

    section: ClassVar[str] = "up"

    demo: bool = False
    listen: Addresses | None = None
    mqtt: Address | None = None
    broker: BrokerUrl | None = Field(default=None, repr=False)
    hub_broker: BrokerUrl | None = Field(default=None, repr=False)
    broker_ca: Path | None = None
    broker_cert: Path | None = None
    broker_key: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None

    @model_validator(mode="after")
    def _of_one_broker(self) -> Self:
        if self.broker is None:
            if self.hub_broker is not None:
                raise refuse(
                    Code.INVALID_REQUEST,
                    "--hub-broker needs --broker: `up` makes the logins for its own broker.",
                    hint="Leave out --hub-broker, or give --broker, too.",
                )
            return self
        own = {
            "--mqtt": self.mqtt,
            "--tls-cert": self.tls_cert,
            "--tls-key": self.tls_key,
            "--client-ca": self.client_ca,
        }
        for option, value in own.items():
            if value is not None:
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"{option} is for the broker that `up` starts, and --broker names another.",
                    hint=f"Leave out {option}, or leave out --broker.",
                )
        return self
