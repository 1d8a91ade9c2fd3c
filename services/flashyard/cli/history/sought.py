"""Which ended jobs are meant: the options' words, made the parameters of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flashyard.cli.moments import parse_past
from flashyard.client.bridge import Bridge
from flashyard.contract.faults import Code, refuse

_DIGEST = 64  # hexadecimal digits of a SHA-256


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What narrows the history; None does not."""

    device: str | None = None
    serial: str | None = None
    hub: str | None = None
    port: str | None = None
    status: str | None = None
    code: str | None = None
    partition: str | None = None
    image: str | None = None
    since: str | None = None
    until: str | None = None
    find: str | None = None

    async def parameters(self, bridge: Bridge, now: datetime) -> Mapping[str, str]:
        """Say it as REST does.

        Args:
            bridge: knows the images of which only the start is named.
            now: with the time zone that is meant.

        Raises:
            FaultError: `invalid_request`: no time; `unknown_image`.
        """
        said = {
            "deviceId": self.device,
            "serial": self.serial,
            "hubId": self.hub,
            "port": self.port,
            "status": self.status,
            "code": self.code,
            "partition": self.partition,
            "image": self.image and await _whole(bridge, self.image),
            "since": self.since and str(parse_past(self.since, now)),
            "until": self.until and str(parse_past(self.until, now)),
            "q": self.find,
        }
        return {name: value for name, value in said.items() if value}


async def _whole(bridge: Bridge, start: str) -> str:
    """Find the digest that begins so among the stored images."""
    if len(start) >= _DIGEST:
        return start
    found = [image.sha256 for image in await bridge.images() if image.sha256.startswith(start)]
    if len(found) != 1:
        told = "Several images begin" if found else "No stored image begins"
        raise refuse(
            Code.UNKNOWN_IMAGE,
            f"{told} with {start}.",
            hint="Say the whole SHA-256, or look for its name with --find.",
        )
    return found[0]
