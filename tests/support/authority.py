"""A certificate authority of the tests' own, and the files it issues."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)


class Certified(NamedTuple):
    """A certificate (chain) and its key, as PEM files."""

    cert: Path
    key: Path


class Authority:
    """``ca`` is what whoever trusts it needs."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.ca = directory / "ca.pem"
        self._directory = directory
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(self.ca)

    def certify(
        self, *names: str, expired: bool = False, common_name: str | None = None
    ) -> Certified:
        """Certify host names or addresses; of one that is expired only yesterday is left."""
        until = datetime.now(UTC) - timedelta(days=1) if expired else None
        issued = self._authority.issue_cert(*names, not_after=until, common_name=common_name)
        cert, key = (self._directory / f"{names[0]}-{kind}.pem" for kind in ("cert", "key"))
        cert.unlink(missing_ok=True)
        for blob in issued.cert_chain_pems:
            blob.write_to_path(cert, append=True)
        issued.private_key_pem.write_to_path(key)
        return Certified(cert, key)

    def encrypt(self, key: Path) -> None:
        """Put a passphrase on a key's file."""
        plain = load_pem_private_key(key.read_bytes(), None)
        key.write_bytes(
            plain.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"passphrase")
            )
        )
