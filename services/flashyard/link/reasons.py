"""Why a link is down, for people: what a library or a broker says, and what to look at.

It knows no connection. Source: MQTT 3.1.1, 3.2.2.3 (return codes); RFC 8446 and RFC 5246 (alerts).
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence

from paho.mqtt.reasoncodes import ReasonCode

from flashyard.link.address import Address

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
_NOT_KNOWN = {0x86, 0x87}  # CONNACK 4 and 5 as paho tells them; brokers use one for the other
_UNSPECIFIED = 0x80  # paho's, where the other side hung up without a word


def of_socket(error: OSError) -> str:
    """Say why a socket failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        other = f"its certificate is not trusted: {error.verify_message} (--broker-ca)"
        return _UNVERIFIED.get(error.verify_code, other)
    if isinstance(error, ssl.SSLError):
        return _REASONS.get(error.reason or "", f"TLS failed: {error.reason or error}")
    return os.strerror(error.errno) if error.errno else str(error)


def of_refusal(verdict: ReasonCode, address: Address) -> str:
    """Say why a broker's CONNACK is a no."""
    reason = f"the broker refused the connection: {verdict}"
    if verdict.value not in _NOT_KNOWN:
        return reason
    if address.user is not None:
        return f"{reason}; it does not know the user in --broker, or the password is another"
    reason = f"{reason}; it wants a user and a password, and --broker has none"
    if address.tls:
        reason += (
            " (a certificate alone is enough for a hub whose --hub-id is its common name, "
            "and for no bridge)"
        )
    return reason


def of_denied(filters: Sequence[str], address: Address, owner: str) -> str:
    """Say why a broker's SUBACK is a no; ``owner``: what the client is, and its user must be."""
    more = f" and {len(filters) - 1} more" if len(filters) > 1 else ""
    named = f"the broker refused the subscription to {filters[0]}{more}"
    if address.user is None:
        return f"{named}; it may want a {owner}'s user in --broker"
    return f"{named}; the user in --broker must be a {owner}'s"


def of_loss(said: ReasonCode, failure: OSError | None, address: Address, *, answered: bool) -> str:
    """Say why a connection was lost.

    Args:
        said: paho's word.
        failure: of the socket, if it failed.
        address: of the broker.
        answered: whether the broker had said a word of MQTT.
    """
    if failure is not None:
        reason = of_socket(failure)
    elif said.value == _UNSPECIFIED:
        reason = "the connection broke"
    else:
        reason = str(said).lower()
    if answered:
        return reason
    if not address.tls:
        return f"{reason}; does it want TLS there (mqtts://)?"
    if isinstance(failure, ssl.SSLError):
        return reason
    # A server on asyncio sends no TLS alert to one whose certificate it misses: it hangs up.
    return f"{reason}; it may want a client certificate, or another one (--broker-cert)"


def of_repeated_loss(reason: str, client_id: str) -> str:
    """Say why a connection was lost, where the one before it soon was, too."""
    again = f"{reason} again, soon after it was made"
    return f"{again}; does another client use the id {client_id}, or its user?"
