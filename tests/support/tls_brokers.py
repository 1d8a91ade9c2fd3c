"""Mosquitto behind TLS, with the certificates a test wants it to have."""

from __future__ import annotations

from pathlib import Path

from support.authority import Authority, Certified
from support.broker_process import BrokerProcess, free_port, program

NAME = "localhost"


class TlsBroker(BrokerProcess):
    """A broker process whose URL says mqtts, and names the host that its certificate is for."""

    @property
    def url(self) -> str:
        return f"mqtts://{NAME}:{self.port}"


def tls_mosquitto(
    directory: Path,
    certified: Certified,
    *,
    clients_of: Authority | None = None,
    anonymous: bool = True,
    newest: str = "",
) -> TlsBroker:
    """Mosquitto with a TLS listener and no other, not started yet.

    Args:
        directory: for its settings and its log.
        certified: what it shows.
        clients_of: the authority of the client certificates it asks for; None: it asks for none.
        anonymous: let in who gives no user.
        newest: the one version of TLS it speaks, as Mosquitto writes it; "": all.
    """
    port = free_port()
    lines = [
        f"listener {port} 127.0.0.1",
        f"allow_anonymous {str(anonymous).lower()}",
        f"certfile {certified.cert}",
        f"keyfile {certified.key}",
        "user root",  # as whom the tests run: the files are theirs
    ]
    if clients_of is not None:
        lines += [f"cafile {clients_of.ca}", "require_certificate true"]
    if newest:
        lines.append(f"tls_version {newest}")
    settings = directory / f"mosquitto-{port}.conf"
    settings.write_text("\n".join(lines) + "\n")
    command = [program("mosquitto", "mosquitto"), "-c", str(settings)]
    return TlsBroker(port, command, directory / f"mosquitto-{port}.log")
