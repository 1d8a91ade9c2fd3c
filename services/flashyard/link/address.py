"""Where a broker is and as whom to speak to it; it opens nothing and never shows a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from flashyard.contract.faults import Code, FaultError, refuse

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_HINT = (
    "Write mqtt://[USER:PASSWORD@]HOST[:PORT], or mqtts:// for TLS; in USER and PASSWORD write "
    "/ @ : ? # % percent-encoded: %2F %40 %3A %3F %23 %25."
)


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
    def parse(cls, url: str, *, option: str = "--broker") -> Address:
        """Parse ``mqtt[s]://[user[:password]@]host[:port]``; user and password percent-encoded.

        Args:
            url: is not in any fault, since it may hold a password.
            option: that gave it, for people.

        Raises:
            FaultError: `invalid_request` for what is no such URL.
        """

        def refusal(why: str) -> FaultError:
            return refuse(Code.INVALID_REQUEST, f"{option} {why}.", hint=_HINT)

        if any(each.isspace() or not each.isprintable() for each in url):
            raise refusal("holds a blank or what cannot be printed")
        try:
            parts = urlsplit(url)
            port = parts.port
            # As the resolver does: it could not be asked for a name that fails here.
            (parts.hostname or "").encode("idna")
        except ValueError:  # its text may hold the password
            raise refusal("has a port or a host name that is not valid") from None
        if parts.scheme not in DEFAULT_PORTS:
            raise refusal("must begin with mqtt:// or mqtts://")
        if not parts.hostname or port == 0:
            raise refusal("must name a host and a real port")
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise refusal("must end after the port")
        if parts.username == "":
            raise refusal("has an @ but no user before it")
        return cls(
            host=parts.hostname,
            port=port or DEFAULT_PORTS[parts.scheme],
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            tls=parts.scheme == "mqtts",
        )
