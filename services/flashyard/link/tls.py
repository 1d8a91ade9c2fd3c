"""TLS under a link: whom to trust, the handshake without blocking the loop, and what went wrong.

It knows no MQTT. Source: RFC 8446 and RFC 5246 (alerts), RFC 6125 (whose certificate it is).
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flashyard import certificates
from flashyard.link.letter import LinkDownError
from flashyard.settings import LinkSettings

_DOUBT = "; does it speak TLS there?"
# OpenSSL's names of what it found itself, and of the other side's alerts; see ssl.SSLError.reason.
_REASONS = {
    "WRONG_VERSION_NUMBER": "it speaks no TLS there",
    "RECORD_LAYER_FAILURE": "it speaks no TLS there",
    "UNSUPPORTED_PROTOCOL": "it speaks no TLS 1.2 or newer",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it speaks no TLS 1.2 or newer",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a client certificate (--broker-cert)",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "it refused the TLS handshake; it may want a client certificate (--broker-cert)"
    ),
    "TLSV1_ALERT_UNKNOWN_CA": "it does not trust our client certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it does not accept our client certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it does not accept our client certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "our client certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "our client certificate has been revoked",
}
# By X509_V_ERR_…, see ssl.SSLCertVerificationError.verify_code.
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64
_UNVERIFIED = {
    _NOT_YET_VALID: "its certificate is not valid yet; is this machine's clock right?",
    _EXPIRED: "its certificate has expired",
    _OTHER_NAME: "its certificate is for another host name",
    _OTHER_ADDRESS: "its certificate is not for this IP address",
}


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
        reason = explain(error) if isinstance(error, OSError) else f"no TLS to it: {error}"
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
        raise LinkDownError(explain(error)) from error
    finally:
        if not shaken:
            secure.close()
    return secure


def explain(error: OSError) -> str:
    """Say for people why a socket failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        other = f"its certificate is not trusted: {error.verify_message} (--broker-ca)"
        return _UNVERIFIED.get(error.verify_code, other)
    if isinstance(error, ssl.SSLError):
        return _REASONS.get(error.reason or "", f"TLS failed: {error.reason or error}")
    return os.strerror(error.errno) if error.errno else str(error)


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
