"""The table and the credentials as Mosquitto has them: access list, password file and listener.

It says what Mosquitto can hold of them; what it cannot is told in `docs/access.md`.
Source: mosquitto.conf(5), mosquitto_passwd(1), of Mosquitto 2.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from flashyard.contract.faults import Code, refuse
from flashyard_broker.access import rights_of
from flashyard_broker.identities.credential_file import Credential

ACCESS, PASSWORDS, LISTENER = "flashyard.acl", "flashyard.passwd", "flashyard.conf"
PORT = 8883  # IANA's secure-mqtt
_MADE = "# Made by `flashyard access export mosquitto`: change who there is, and make it anew.\n"
_ONCE = "# Made once by `flashyard access export mosquitto`; later exports keep what you change.\n"

Everybody = Mapping[str, Credential]


class Exported(NamedTuple):
    """``paths``: all three. ``is_kept``: the listener was there before, and nobody touched it."""

    paths: tuple[Path, ...]
    is_kept: bool


def access_list(everybody: Everybody) -> str:
    """Render the ``acl_file``: a block for each identity.

    No ``pattern`` lines: one with ``%u`` would give every viewer and bridge what is a hub's. And
    where a bridge may only clear, it may write: Mosquitto looks at no payload.
    """
    return _MADE + "".join(_block(name, everybody[name]) for name in sorted(everybody))


def password_file(everybody: Everybody) -> str:
    """Render the ``password_file``. It can hold no comment."""
    return "".join(f"{name}:{everybody[name].mosquitto}\n" for name in sorted(everybody))


def listener(directory: Path) -> str:
    """Render the lines of a listener that asks for credentials, with the files' places."""
    return f"""{_ONCE}
# Needs `per_listener_settings true`, as the mosquitto.conf of flashyard has it.
listener {PORT}
allow_anonymous false
password_file {directory / PASSWORDS}
acl_file {directory / ACCESS}

# Without TLS whoever listens on the network learns every secret.
certfile {directory / "server.crt"}
keyfile {directory / "server.key"}

# Certificates in place of secrets; the subject's common name is the identity:
#cafile {directory / "clients-ca.crt"}
#require_certificate true
#use_identity_as_username true
"""


def export(everybody: Everybody, directory: Path) -> Exported:
    """Write the three files into a directory, for their owner alone.

    The listener is written where there is none: who runs Mosquitto says there how it is reached.

    Raises:
        FaultError: `invalid_request`: the directory cannot be written to.
    """
    place = directory.absolute()
    texts = {ACCESS: access_list(everybody), PASSWORDS: password_file(everybody)}
    is_kept = (place / LISTENER).exists()
    if not is_kept:
        texts[LISTENER] = listener(place)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in texts.items():
            (place / name).touch(mode=0o600)  # one that is there keeps its owner and its mode
            (place / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise refuse(
            Code.INVALID_REQUEST,
            f"The directory {place} cannot be written to: {error.strerror}.",
            hint="Name a directory of yours with --out.",
        ) from error
    return Exported(tuple(place / name for name in (ACCESS, PASSWORDS, LISTENER)), is_kept)


def _block(name: str, credential: Credential) -> str:
    rights = rights_of(credential.role, name)
    lines = [f"topic read {each}" for each in rights.reads]
    lines += [f"topic write {each}" for each in dict.fromkeys((*rights.writes, *rights.clears))]
    return "\n".join(["", f"# {credential.role}", f"user {name}", *lines, ""])
