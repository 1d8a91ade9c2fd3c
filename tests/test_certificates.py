"""Which way out is shown where a certificate and its key cannot be used."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from flashyard import certificates
from flashyard.contract.faults import Code
from support.authority import Authority
from support.faults import refused


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def hint_for(cert: Path, key: Path) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with refused(Code.INVALID_REQUEST) as refusal:
        certificates.present(context, cert, key, cert_option="--c", key_option="--k")
    return refusal.fault.hint or ""


def test_a_key_of_another_certificate_is_to_be_replaced_not_rewritten(authority: Authority) -> None:
    mine, other = authority.certify("a.yard"), authority.certify("b.yard")
    assert "--c and --k files that were made together" in hint_for(mine.cert, other.key)


def test_an_encrypted_key_is_to_be_given_without_its_passphrase(authority: Authority) -> None:
    mine = authority.certify("a.yard")
    authority.encrypt(mine.key)
    assert "without its passphrase" in hint_for(mine.cert, mine.key)


def test_what_is_no_pem_is_to_be_pem(authority: Authority) -> None:
    mine = authority.certify("a.yard")
    mine.key.write_text("x")
    assert "PEM form" in hint_for(mine.cert, mine.key)
