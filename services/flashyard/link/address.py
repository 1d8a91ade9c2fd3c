"""Where a broker is and as whom to speak to it; it opens nothing and never shows a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from flashyard.contract.faults import Code, refuse

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Address:
    """A broker's address. ``user`` and ``password`` are None where the URL has none.

    ``tls``: whether TLS is spoken there.
    """

    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    @classmethod
    def parse(cls, url: str) -> Address:
        """Parse ``mqtt[s]://[user[:password]@]host[:port]``; user and password percent-encoded.

        Raises:
            FaultError: `invalid_request` for what is no such URL. The URL itself is not in it,
                since it may hold a password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # its text may hold the password
            raise refuse(Code.INVALID_REQUEST, "The broker's URL is not a URL.") from None
        if parts.scheme not in DEFAULT_PORTS:
            raise refuse(
                Code.INVALID_REQUEST, "The broker's URL must begin with mqtt:// or mqtts://."
            )
        if not parts.hostname or port == 0:
            raise refuse(Code.INVALID_REQUEST, "The broker's URL must name a host and a real port.")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise refuse(Code.INVALID_REQUEST, "The broker's URL ends after the port.")
        if parts.username == "":
            raise refuse(Code.INVALID_REQUEST, "The broker's URL has an @ but no user before it.")
        return cls(
            host=parts.hostname,
            port=port or DEFAULT_PORTS[parts.scheme],
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            tls=parts.scheme == "mqtts",
        )
