"""HOST:PORT as people type it: where to listen, or whom to call. Pure; it resolves no name."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_GRAMMAR = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[^:\[\]\s/@]*)):(?P<port>\d{1,5})"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host (never bracketed; empty: both loopbacks) and a port (0: any free one)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """Parse ``HOST:PORT``, ``:PORT`` or ``[IPv6]:PORT``.

        Raises:
            ValueError: not one of these; the message is a sentence that shows the text.
        """
        match = _GRAMMAR.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not HOST:PORT, :PORT or [IPv6]:PORT.")
        port = int(match["port"])
        if port > 65535:
            raise ValueError(f"{text!r} names port {port}, and the last port is 65535.")
        if match["v6"] is not None:
            try:
                ipaddress.IPv6Address(match["v6"])
            except ValueError:
                raise ValueError(f"{text!r} holds no IPv6 address in its brackets.") from None
        return cls(match["v6"] or match["host"] or "", port)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts to bind: an empty one is both loopbacks."""
        return (self.host,) if self.host else ("127.0.0.1", "::1")

    @property
    def is_loopback(self) -> bool:
        """Can only this machine reach it? A name other than `localhost` is taken for a no."""
        if self.host in {"", "localhost"}:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
