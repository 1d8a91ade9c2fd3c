"""What `up` runs: which processes, told what, and how each finds the others again.

Pure: it makes commands of settings and of what earlier processes said; it starts nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flashyard.cli.child import Command
from flashyard.cli.logins import Logins
from flashyard.contract.demo import DEMO
from flashyard.endpoint import Endpoint
from flashyard.settings import NetworkDevice, UpSettings
from flashyard.sources import flag_of

_SERVED = ("tls_cert", "tls_key", "client_ca")  # how our own broker shows itself
_TRUSTED = ("broker_ca", "broker_cert", "broker_key")  # and how it, or another, is met
PROGRAM = (sys.executable, "-m", "flashyard")
DEMO_LINK_SPEED = "20M"  # bytes per second of each demo device
SYS_INTERVAL = 10.0  # seconds between two rounds of our own broker's numbers


@dataclass(frozen=True, slots=True)
class Household:
    """Makes the commands.

    Args:
        settings: of `up`.
        config: the settings file that was named.
        plain: shall the logs be for eyes?
        logins: at our own broker, where it asks for them.
        hub_flags: flags for the hub, as they were given, but for its devices over TCP.
        devices: those, however they were configured.
        sys_interval: of our own broker, where it was configured; seconds.
    """

    settings: UpSettings
    config: Path | None
    plain: bool
    logins: Logins | None = None
    hub_flags: Sequence[str] = ()
    devices: Sequence[NetworkDevice] = ()
    sys_interval: float = 0.0

    def broker(self, before: Sequence[str]) -> Command:
        """Make the broker's command; ``before``: the addresses it had before it died."""
        asked = [str(self.settings.mqtt)] if self.settings.mqtt else []
        every = f"{self.sys_interval or SYS_INTERVAL:g}"
        return self._command(
            "broker", *_listen(before or asked), *self._flags(_SERVED), "--sys-interval", every
        )

    def bridge(self, broker: str, before: Sequence[str]) -> Command:
        """Make the bridge's command; ``broker``: the URL that somebody gave, or our own's."""
        asked = [str(endpoint) for endpoint in self.settings.listen or ()]
        watching = [] if self.settings.broker else ["--broker-sys"]
        url = self.logins.bridge.at(broker) if self.logins else broker
        return self._command(
            "bridge",
            *_listen(before or asked),
            *self._flags(_TRUSTED),
            *watching,
            secrets={"FLASHYARD_BRIDGE_BROKER": url},
        )

    def emulator(self, before: Sequence[str]) -> Command:
        """Make the demo emulator's command."""
        places = {device.device_id: device.endpoint for device in demo_devices(before)}
        flags = ["--discard", "--link-speed", DEMO_LINK_SPEED]
        for demo in DEMO:
            place = places.get(demo.device_id, Endpoint("127.0.0.1", 0))
            flags += ["--device", f"{demo.device_id},tcp={place},name={demo.name}"]
        return self._command("emulate", *flags)

    def hub(self, broker: str, bridge: Sequence[str], demo: Iterable[NetworkDevice]) -> Command:
        """Make the hub's command."""
        near = ("--bridge-url", within_reach(bridge[0]))
        flags = [*self.hub_flags, *self._flags(_TRUSTED), *near]
        url = self.logins.hub.at(broker) if self.logins else self.settings.hub_broker or broker
        for device in (*self.devices, *demo):
            flags += ["--fastboot-tcp", str(device)]
        return self._command("hub", *flags, secrets={"FLASHYARD_HUB_BROKER": url})

    def _flags(self, names: Iterable[str]) -> list[str]:
        """Hand on what `up` was given of these settings."""
        given = {name: getattr(self.settings, name) for name in names}
        return [word for name, path in given.items() if path for word in (flag_of(name), str(path))]

    def _command(self, role: str, *flags: str, secrets: dict[str, str] | None = None) -> Command:
        settings = self.settings
        named = ["--config", str(self.config)] if self.config else []
        form = "plain" if self.plain else "json"
        common = ["--supervised", "--data-dir", str(settings.data_dir)]
        common += ["--log-level", settings.log_level, "--log-format", form]
        return Command([*PROGRAM, *named, role, *common, *flags], secrets or {})


def demo_devices(addresses: Iterable[str]) -> tuple[NetworkDevice, ...]:
    """Read the devices off the emulator's `ready` line, ``fastboot-tcp://HOST:PORT/ID``."""
    found = []
    for address in addresses:
        parts = urlsplit(address)
        found.append(NetworkDevice(parts.path.removeprefix("/"), Endpoint.parse(parts.netloc)))
    return tuple(found)


def within_reach(url: str) -> str:
    """Tell how a neighbour on this machine reaches what listens everywhere."""
    parts = urlsplit(url)
    endpoint = Endpoint.parse(parts.netloc)
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(endpoint.host, endpoint.host)
    return f"{parts.scheme}://{Endpoint(near, endpoint.port)}"


def _listen(addresses: Iterable[str]) -> list[str]:
    """Make flags of addresses; a `ready` line has URLs, a person has typed HOST:PORT."""
    flags: list[str] = []
    for address in addresses:
        flags += ["--listen", address.rpartition("://")[2]]
    return flags
