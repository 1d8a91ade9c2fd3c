"""TLS under a link: whom to trust, and the handshake without blocking the loop.

It knows no MQTT. Source: RFC 8446, RFC 6125 (whose certificate it is).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flashyard import certificates
from flashyard.link.letter import LinkDownError
from flashyard.link.reasons import of_socket
from flashyard.settings import LinkSettings

_DOUBT = "; does it speak TLS there?"


def client_context(
    ca: Path | None = None, cert: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """Make what a client needs for TLS 1.2 or newer, verifying chain and host name.

    Args:
        ca: the one file of CAs to trust; by default those of the system.
        cert: says who we are, to a broker that asks; with ``key``.
        key: its private key.

    Raises:
        FaultError: `invalid_request`, naming the setting whose file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A renegotiation would have reads wait for writes, and paho serves each on its own.
    context.options |= ssl.OP_NO_RENEGOTIATION
    if ca is None:
        context.load_default_certs()
    else:
        certificates.trust(context, ca, option="--broker-ca")
    if cert is not None and key is not None:
        certificates.present(
            context, cert, key, cert_option="--broker-cert", key_option="--broker-key"
        )
    return context


def tls_for(settings: LinkSettings) -> ssl.SSLContext | None:
    """Make the context that a role's settings ask for; None where its broker is without TLS.

    Raises:
        FaultError: as `client_context`.
    """
    if not settings.broker.startswith("mqtts://"):
        return None
    return client_context(settings.broker_ca, settings.broker_cert, settings.broker_key)


async def shake_hands(
    sock: socket.socket, context: ssl.SSLContext, host: str, within: float
) -> ssl.SSLSocket:
    """Speak TLS over a connected, non-blocking socket from now on; it is closed on failure.

    Args:
        sock: as `dial` returns it.
        context: of a client.
        host: whose certificate it must be.
        within: seconds for the whole handshake.

    Raises:
        LinkDownError: the two do not come together.
    """
    loop = asyncio.get_running_loop()
    try:
        secure = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    except (OSError, ValueError) as error:
        sock.close()
        reason = of_socket(error) if isinstance(error, OSError) else f"no TLS to it: {error}"
        raise LinkDownError(reason) from error
    shaken = False
    try:
        async with asyncio.timeout(within):
            while not shaken:
                try:
                    secure.do_handshake()
                    shaken = True
                except ssl.SSLWantReadError:
                    await _event(secure, loop.add_reader, loop.remove_reader)
                except ssl.SSLWantWriteError:
                    await _event(secure, loop.add_writer, loop.remove_writer)
    except TimeoutError:
        reason = f"no answer to the TLS handshake within {within:g} s"
        raise LinkDownError(f"{reason}{_DOUBT}") from None
    except (ssl.SSLEOFError, ConnectionResetError) as error:
        raise LinkDownError(f"it broke off the TLS handshake{_DOUBT}") from error
    except OSError as error:
        raise LinkDownError(of_socket(error)) from error
    finally:
        if not shaken:
            secure.close()
    return secure


async def _event(
    sock: ssl.SSLSocket, add: Callable[..., Any], remove: Callable[[ssl.SSLSocket], Any]
) -> None:
    """Wait until a socket can be read from, or written to."""
    happened = asyncio.Event()
    add(sock, happened.set)
    try:
        await happened.wait()
    finally:
        remove(sock)
