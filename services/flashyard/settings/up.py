"""What `up` is told of the whole system; a role's own settings are with that role."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from flashyard.settings.settings import Settings
from flashyard.settings.values import Address, Addresses, BrokerUrl


class UpSettings(Settings):
    """The whole system's. What is None is left to the role's own settings.

    ``hub_broker``: the broker as the hub calls it, where the hub has a credential of its own.
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
