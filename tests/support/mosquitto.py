"""Mosquitto, with the settings that we ship, or with those that a test wants."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from support.authority import Authority, Certified
from support.broker_process import SHIPPED, BrokerProcess, free_port, program

NAME = "localhost"  # whom the certificate of one behind TLS is for
# Else one that root starts gives root away, and cannot read the files of who runs the tests.
_AS_ROOT = "user root\n" if os.geteuid() == 0 else ""


class Mosquitto(BrokerProcess):
    """Mosquitto with these settings, whose listener is on ``port``; not started yet.

    ``tls``: that listener speaks TLS, with a certificate for `NAME`.
    """

    def __init__(self, directory: Path, port: int, settings: str, *, tls: bool = False) -> None:
        file = directory / f"mosquitto-{port}.conf"
        file.write_text(f"{settings}\n{_AS_ROOT}")
        command = [program("mosquitto", "mosquitto"), "-c", str(file)]
        super().__init__(port, command, directory / f"mosquitto-{port}.log")
        self._tls = tls

    @property
    def url(self) -> str:
        return f"mqtts://{NAME}:{self.port}" if self._tls else super().url

    def reload(self) -> None:
        """Have it read its files again."""
        self._signal(signal.SIGHUP)


def shipped(port: int) -> str:
    """The settings that we ship, with their listener on a port of the test's."""
    text = (SHIPPED / "mosquitto.conf").read_text()
    assert text.count("listener 1883 127.0.0.1\n") == 1
    return text.replace("listener 1883 ", f"listener {port} ")


def mosquitto(directory: Path) -> Mosquitto:
    """Mosquitto as we ship it."""
    port = free_port()
    return Mosquitto(directory, port, shipped(port))


def tls_mosquitto(
    directory: Path,
    certified: Certified,
    *,
    clients_of: Authority | None = None,
    anonymous: bool = True,
    newest: str = "",
) -> Mosquitto:
    """Mosquitto with a TLS listener and no other.

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
    ]
    if clients_of is not None:
        lines += [f"cafile {clients_of.ca}", "require_certificate true"]
    if newest:
        lines.append(f"tls_version {newest}")
    return Mosquitto(directory, port, "\n".join(lines), tls=True)
