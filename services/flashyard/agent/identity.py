"""Who this hub is (kept), which run of it this is (never kept), and what a device may be called."""

from __future__ import annotations

import re
import secrets
import socket
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from flashyard.contract.faults import Code, refuse
from flashyard.contract.model import HubId
from flashyard.link import Address
from flashyard.settings import HubSettings

_FILE = "hub-id"
_LONGEST_SLUG = 26  # a hub id has 31 characters, five of them are the hyphen and four digits
_HUB_ID: TypeAdapter[str] = TypeAdapter(HubId)


def hub_id_of(settings: HubSettings) -> str:
    """Return who this hub is: its user at the broker, else what it was told, else what it keeps.

    A broker with access control knows a hub by its user, and gives it the topics of that name.

    Raises:
        FaultError: `invalid_request`: the user is another than the hub id, or can be none, or the
            broker's URL is none.
        OSError: the data directory cannot be used.
    """
    user = Address.parse(settings.broker).user
    if user is None:
        return settings.hub_id or kept_hub_id(settings.directory)
    if settings.hub_id not in {None, user}:
        raise refuse(
            Code.INVALID_REQUEST,
            f"--hub-id is {settings.hub_id}, and the user in --broker is another.",
            hint="A hub is known to the broker by its id: leave out --hub-id, "
            "or give --broker the user of that name.",
        )
    try:
        return _HUB_ID.validate_python(user)
    except ValidationError:
        raise refuse(
            Code.INVALID_REQUEST,
            "The user in --broker can be no hub's id.",
            hint="Take 1 to 31 of a-z, 0-9 and -, not beginning with -, "
            "as `flashyard access add hub NAME` does.",
        ) from None


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
