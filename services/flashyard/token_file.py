"""A bearer token's file: one word of printable ASCII, so that the secret is on no command line."""

from __future__ import annotations

import re
from pathlib import Path

from flashyard.contract.faults import Code, refuse

_WORD = re.compile(r"[!-~]{1,4096}")


def read_token(path: Path | None) -> str | None:
    """Read a token, or None where no file is named.

    Raises:
        FaultError: `invalid_request`: no such file, or not one word of printable ASCII in it.
    """
    if path is None:
        return None
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise refuse(
            Code.INVALID_REQUEST,
            f"The token file {path} cannot be read: {reason}.",
            hint="Name a readable file with --token-file.",
        ) from error
    if not _WORD.fullmatch(token):
        raise refuse(
            Code.INVALID_REQUEST,
            f"The token file {path} must hold one word of printable ASCII.",
            hint="Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return token
