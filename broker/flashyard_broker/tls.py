"""TLS as the broker offers it; it opens no listener and knows no client.

Mends D13: amqtt asks for client certificates but lets in whoever has none.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from flashyard import certificates


def server_context(cert: Path, key: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    """Make what listeners need for TLS 1.2 or newer (RFC 5246, RFC 8446).

    Args:
        cert: what is shown to clients: a chain, leaf first.
        key: its private key.
        client_ca: whose client certificates are asked for; a client without one is refused in the
            handshake. None: none is asked for.

    Raises:
        FaultError: `invalid_request`, naming the setting whose file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # a client's way to have us compute for nothing
    certificates.present(context, cert, key, cert_option="--tls-cert", key_option="--tls-key")
    if client_ca is not None:
        certificates.trust(context, client_ca, option="--client-ca")
        context.verify_mode = ssl.CERT_REQUIRED
    return context
