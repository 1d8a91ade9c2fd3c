"""A hub's right to fetch one image for a day: HMAC-SHA256 over sha256, hub and expiry.

It stands in for a token, so that hubs need no HTTP credential (contract 4). The key lies in the
image store, which bridges may share: each accepts what another signed.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.types import Scope

from flashyard_bridge.images.draft import write_whole

VALID_FOR = 24 * 60 * 60  # s
_KEY_BYTES = 32
_DOWNLOAD = re.compile(r"/api/images/(?P<sha256>[0-9a-f]{64})")


class Signature:
    """Signs and verifies the query of an image's download.

    Args:
        key: the secret all bridges of a store share.
        now: Unix ms.
    """

    def __init__(self, key: bytes, now: Callable[[], int]) -> None:
        self._key = key
        self._now = now

    def __repr__(self) -> str:
        return "<Signature>"

    @classmethod
    def load(cls, path: Path, now: Callable[[], int]) -> Self:
        """Read the key, or make one; whoever makes it first makes it for all. Blocks."""
        write_whole(path, secrets.token_bytes(_KEY_BYTES), 0o600, replace=False)
        return cls(path.read_bytes(), now)

    def sign(self, sha256: str, hub_id: str) -> str:
        """Make the query: ``hub``, ``expires`` (Unix s) and ``signature``."""
        expires = str(self._now() // 1000 + VALID_FOR)
        proof = self._proof(sha256, hub_id, expires)
        return urlencode({"hub": hub_id, "expires": expires, "signature": proof})

    def verify(self, sha256: str, query: Mapping[str, str]) -> bool:
        """Does the query give the right to fetch this image, now?"""
        hub_id, expires = query.get("hub", ""), query.get("expires", "")
        proof = self._proof(sha256, hub_id, expires)
        if not hmac.compare_digest(proof.encode(), query.get("signature", "").encode()):
            return False
        return int(expires) * 1000 >= self._now()

    def admits(self, scope: Scope) -> bool:
        """Is this request a download whose query gives the right to it?"""
        path = _DOWNLOAD.fullmatch(scope["path"])
        if path is None or scope["method"] not in {"GET", "HEAD"}:
            return False
        return self.verify(path["sha256"], QueryParams(scope["query_string"]))

    def _proof(self, sha256: str, hub_id: str, expires: str) -> str:
        said = f"{sha256}\n{hub_id}\n{expires}".encode()
        return hmac.digest(self._key, said, "sha256").hex()
