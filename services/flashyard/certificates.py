"""Certificates and keys out of PEM files into a TLS context; it opens no connection.

What is wrong with a file is told by the setting that names it.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NoReturn

from flashyard.contract.faults import Code, refuse

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_READABLE = "Give it a readable file in PEM form."


def trust(context: ssl.SSLContext, ca: Path, *, option: str) -> None:
    """Have a context trust the certificates of a file, beside those it trusts already.

    Args:
        context: to be changed.
        ca: the file.
        option: that named it, for people.

    Raises:
        FaultError: `invalid_request`: it cannot be read, or holds no certificate.
    """
    _read(ca, option)
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError:
        _refuse(f"{option}: {ca} holds no certificate")


def present(
    context: ssl.SSLContext, cert: Path, key: Path, *, cert_option: str, key_option: str
) -> None:
    """Have a context say who it is: by a certificate (chain, leaf first) and its private key.

    Raises:
        FaultError: `invalid_request`: one cannot be read, or is none, or the key is encrypted or
            belongs to another certificate.
    """
    chain = _read(cert, cert_option)
    _read(key, key_option)
    asked: list[str] = []

    def password() -> str:  # without one OpenSSL would ask whoever sits at the terminal
        asked.append(key_option)
        return ""

    try:
        context.load_cert_chain(cert, key, password)
    except ssl.SSLError as error:
        if _CERTIFICATE not in chain:
            _refuse(f"{cert_option}: {cert} holds no certificate")
        if asked:
            _refuse(
                f"{key_option}: {key} is encrypted, and nobody is here to be asked",
                "Give it the key without its passphrase: `openssl pkey -in FILE -out NEW`.",
            )
        if error.reason == "KEY_VALUES_MISMATCH":
            _refuse(
                f"{key_option}: {key} is not the key of the certificate in {cert}",
                f"Give {cert_option} and {key_option} files that were made together; "
                "in a chain the certificate itself comes first.",
            )
        _refuse(f"{key_option}: {key} holds no private key")


def _read(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        _refuse(f"{option}: {path} cannot be read: {error.strerror}")


def _refuse(what: str, hint: str = _READABLE) -> NoReturn:
    raise refuse(Code.INVALID_REQUEST, f"{what}.", hint=hint) from None
