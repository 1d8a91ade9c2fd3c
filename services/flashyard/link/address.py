"""Where a broker is and as whom to speak to it; it opens nothing and never shows a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from flashyard.contract.faults import Code, refuse

DEFAULT_PORT = 1883


@dataclass(frozen=True, slots=True)
class Address:
    """A broker's address. ``user`` and ``password`` are None where the URL has none."""

    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt://{host}:{self.port}"

    @classmethod
    def parse(cls, url: str) -> Address:
        """Parse ``mqtt://[user[:password]@]host[:port]``; user and password percent-encoded.

        Raises:
            FaultError: `not_supported` for mqtts, `invalid_request` for what is no such URL. The
                URL itself is in neither, since it may hold a password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # its text may hold the password
            raise refuse(Code.INVALID_REQUEST, "The broker's URL is not a URL.") from None
        if parts.scheme == "mqtts":
            raise refuse(
                Code.NOT_SUPPORTED,
                "MQTT over TLS (mqtts) is not supported yet.",
                hint="Use mqtt:// to a broker on this host, or through a tunnel.",
            )
        if parts.scheme != "mqtt":
            raise refuse(Code.INVALID_REQUEST, "The broker's URL must begin with mqtt://.")
        if not parts.hostname or port == 0:
            raise refuse(Code.INVALID_REQUEST, "The broker's URL must name a host and a real port.")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise refuse(Code.INVALID_REQUEST, "The broker's URL ends after the port.")
        return cls(
            host=parts.hostname,
            port=port or DEFAULT_PORT,
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
        )
