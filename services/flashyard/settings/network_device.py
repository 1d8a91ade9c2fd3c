"""A device that is reached over the network: its id, and where it listens. It asks nobody."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from flashyard.contract.model import DeviceId
from flashyard.endpoint import Endpoint

_DEVICE_ID: TypeAdapter[str] = TypeAdapter(DeviceId)


class NetworkDevice(NamedTuple):
    """A device that is reached over the network, as `ID=HOST:PORT` configures it."""

    device_id: str
    endpoint: Endpoint

    def __str__(self) -> str:
        return f"{self.device_id}={self.endpoint}"

    @classmethod
    def parse(cls, text: str) -> NetworkDevice:
        """Parse ``ID=HOST:PORT``.

        Raises:
            ValueError: not that, or no id of ours, or an address nobody can call.
        """
        device_id, equals, address = text.partition("=")
        if not equals:
            raise ValueError(f"{text!r} is not ID=HOST:PORT.")
        try:
            _DEVICE_ID.validate_python(device_id)
        except ValidationError:
            raise ValueError(
                f"{device_id!r} is no device id: 1 to 64 of letters, digits and . _ : @ -"
            ) from None
        endpoint = Endpoint.parse(address)
        if not endpoint.host or not endpoint.port:
            raise ValueError(f"{text!r} must name a host and a port other than 0.")
        return cls(device_id, endpoint)
