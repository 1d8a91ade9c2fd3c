"""Who this hub is (kept), which run of it this is (never kept), and what a device may be called."""

from __future__ import annotations

import re
import secrets
import socket
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from flashyard.contract.model import HubId

_FILE = "hub-id"
_LONGEST_SLUG = 26  # a hub id has 31 characters, five of them are the hyphen and four digits
_HUB_ID: TypeAdapter[str] = TypeAdapter(HubId)


def kept_hub_id(directory: Path, host: str | None = None) -> str:
    """Return this directory's hub id; the first call makes it: the host name's slug + 4 hex.

    Raises:
        OSError: the directory cannot be read or written.
    """
    path = directory / _FILE
    try:
        return _HUB_ID.validate_python(path.read_text(encoding="ascii").strip())
    except (FileNotFoundError, UnicodeDecodeError, ValidationError):
        pass  # none yet, or none of ours
    slug = re.sub(r"[^a-z0-9]+", "-", (host or socket.gethostname()).lower()).strip("-")
    hub_id = f"{slug[:_LONGEST_SLUG].strip('-') or 'hub'}-{secrets.token_hex(2)}"
    directory.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(f"{hub_id}\n", encoding="ascii")
    draft.replace(path)
    return hub_id


def new_session() -> str:
    """Make the id of this run of the hub."""
    return secrets.token_hex(8)
