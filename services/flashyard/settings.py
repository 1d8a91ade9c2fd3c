"""What each role is told before it starts: frozen values, decoded once, passed by parameter.

They come from file, environment and flags by `flashyard.sources.load`; built directly they are
made of their arguments alone. They open, bind and create nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from platformdirs import user_data_path
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from flashyard.contract.faults import Code, refuse
from flashyard.contract.model import DeviceId, HubId
from flashyard.endpoint import Endpoint
from flashyard.quantity import parse_quantity

CREDENTIALS = "credentials.json"  # in the broker's directory; `flashyard access` keeps it
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


def _endpoint(value: Any) -> Any:
    return Endpoint.parse(value) if isinstance(value, str) else value


def _device(value: Any) -> Any:
    return NetworkDevice.parse(value) if isinstance(value, str) else value


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


def _listed(value: Any) -> Any:
    """Let one string stand for a list: the environment has no lists."""
    return [part.strip() for part in value.split(",") if part.strip()] if _is_text(value) else value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


Address = Annotated[Endpoint, BeforeValidator(_endpoint)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_listed), Field(min_length=1)]
Devices = Annotated[
    tuple[Annotated[NetworkDevice, BeforeValidator(_device)], ...], BeforeValidator(_listed)
]
Size = Annotated[int, BeforeValidator(_size), Field(ge=0)]  # bytes
BrokerUrl = Annotated[str, AfterValidator(_broker)]  # may hold a password: shown nowhere
HttpUrl = Annotated[str, AfterValidator(_http)]


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
        kept = self.directory / CREDENTIALS
        return self.credentials or (kept if kept.is_file() else None)

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        _both("--tls-cert", self.tls_cert, "--tls-key", self.tls_key)
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
        _both("--broker-cert", self.broker_cert, "--broker-key", self.broker_key)
        given = {"--broker-ca": self.broker_ca, "--broker-cert": self.broker_cert}
        for option, path in given.items():
            if path is not None and not self.broker.startswith("mqtts://"):
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"{option} is for TLS, and --broker names a broker without it.",
                    hint=f"Give --broker mqtts://HOST:PORT, or leave out {option}.",
                )
        return self


class BridgeSettings(LinkSettings):
    """The bridge's.

    ``lost_after``: seconds until a silent hub's jobs are given up; ``broker_sys``: whether to ask
    for the broker's ``$SYS`` topics.
    """

    section: ClassVar[str] = "bridge"

    broker_sys: bool = False
    listen: Addresses = (Endpoint("127.0.0.1", 8000),)
    token_file: Path | None = None
    allow_origin: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    image_store: Path | None = None
    lost_after: Annotated[float, Field(gt=0, le=7 * 86400, allow_inf_nan=False)] = 600.0
    database: str | None = None

    @property
    def images(self) -> Path:
        """The image store's directory."""
        return self.image_store or self.data_dir / "images"

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.database is not None:
            raise refuse(
                Code.NOT_SUPPORTED, "--database is not supported yet.", hint="Leave it out."
            )
        for endpoint in self.listen:
            if not endpoint.is_loopback and self.token_file is None:
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"Listening on {endpoint}, beyond this machine, needs --token-file.",
                    hint="Put a secret of your own into a file and name it with --token-file, "
                    "or listen on 127.0.0.1.",
                )
        return self


class HubSettings(LinkSettings):
    """The hub's.

    ``progress_interval``: ms between a job's samples; ``cache_size``: bytes; ``part_size``: the
    most bytes a device is sent before it writes them.
    """

    section: ClassVar[str] = "hub"

    hub_id: HubId | None = None
    bridge_url: HttpUrl | None = None
    fastboot_tcp: Devices = ()
    fastboot_udp: Devices = ()
    usb: bool = False
    max_parallel: Annotated[int, Field(ge=1, le=1000)] = 16
    cache_size: Size = 16 * 1024**3
    part_size: Annotated[Size, Field(ge=1024**2, lt=4 * 1024**3)] = 128 * 1024**2
    progress_interval: Annotated[int, Field(ge=20, le=5000)] = 500

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.usb:
            raise refuse(
                Code.NOT_SUPPORTED,
                "--usb is not supported yet.",
                hint="Configure devices with --fastboot-tcp or --fastboot-udp.",
            )
        seen: set[str] = set()
        for device in (*self.fastboot_tcp, *self.fastboot_udp):
            if device.device_id in seen:
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"The device {device.device_id} is configured twice.",
                    hint="Name each device once, by --fastboot-tcp or by --fastboot-udp.",
                )
            seen.add(device.device_id)
        return self


class EmulatorSettings(Settings):
    """The emulator's: what it shares with every other command that serves."""

    section: ClassVar[str] = "emulator"


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


def _both(option: str, value: Path | None, other: str, its_value: Path | None) -> None:
    """Refuse one of two settings that mean nothing without each other."""
    if (value is None) != (its_value is None):
        given, missing = (other, option) if value is None else (option, other)
        raise refuse(
            Code.INVALID_REQUEST,
            f"{given} needs {missing}: a certificate and its key go together.",
            hint=f"Give {missing}, too, or leave out {given}.",
        )


class ClientSettings(Settings):
    """Where the bridge is, and what lets us in."""

    section: ClassVar[str] = "client"

    url: HttpUrl = "http://127.0.0.1:8000"
    token_file: Path | None = None
