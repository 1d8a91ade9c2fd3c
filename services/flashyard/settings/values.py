"""What a setting can be: text from a file, the environment or a flag, read into its value."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from flashyard.endpoint import Endpoint
from flashyard.quantity import parse_quantity
from flashyard.settings.network_device import NetworkDevice
from flashyard.settings.port_rule import PortRule


def _endpoint(value: Any) -> Any:
    return Endpoint.parse(value) if isinstance(value, str) else value


def _device(value: Any) -> Any:
    return NetworkDevice.parse(value) if isinstance(value, str) else value


def _port_rule(value: Any) -> Any:
    return PortRule.parse(value) if isinstance(value, str) else value


def _size(value: Any) -> Any:
    return parse_quantity(value) if isinstance(value, str) else value


def _broker(url: str) -> str:
    if not url.startswith(("mqtt://", "mqtts://")):
        raise ValueError("it must begin with mqtt:// or mqtts://")
    return url


def _http(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+/?", url):
        raise ValueError(f"{url!r} is not of the form http://HOST:PORT")
    return url.rstrip("/")


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"{text!r} is no IP address and no network") from error


def listed(value: Any) -> Any:
    """Let one string stand for a list: the environment has no lists."""
    return [part.strip() for part in value.split(",") if part.strip()] if _is_text(value) else value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


Address = Annotated[Endpoint, BeforeValidator(_endpoint)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(listed), Field(min_length=1)]
Devices = Annotated[
    tuple[Annotated[NetworkDevice, BeforeValidator(_device)], ...], BeforeValidator(listed)
]
PortRules = Annotated[
    tuple[Annotated[PortRule, BeforeValidator(_port_rule)], ...], BeforeValidator(listed)
]
Globs = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._*?-]{1,40}$")], ...], BeforeValidator(listed)
]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(listed)]
Size = Annotated[int, BeforeValidator(_size), Field(ge=0)]  # bytes
Speed = Annotated[Size, Field(lt=2**53)]  # bytes a second; 0: as fast as it goes
BrokerUrl = Annotated[str, AfterValidator(_broker)]  # may hold a password: shown nowhere
HttpUrl = Annotated[str, AfterValidator(_http)]
