"""Who the bridge and the hub of `up` are, to a broker that asks: each has a login of its own.

For a broker of `up`'s own they are made here, and the secrets kept, mode 0600, in the directory of
whom they belong to; it starts nothing and knows no listener.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Self

from flashyard.agent.identity import hub_id_of, kept_hub_id
from flashyard.contract.faults import Code, refuse
from flashyard.link import Address
from flashyard.settings import BridgeSettings, HubSettings, UpSettings
from flashyard_broker.access import Role
from flashyard_broker.identities.credential_file import CredentialFile
from flashyard_broker.identities.secret import is_secret_of

BRIDGE = "up-bridge"  # the name of `up`'s own
_SECRET = "broker-secret"  # noqa: S105 - the file's name


class Login(NamedTuple):
    """A user of a broker."""

    user: str
    secret: str

    def at(self, url: str) -> str:
        """Put it into the URL of a broker that has none."""
        scheme, _, place = url.partition("://")
        return f"{scheme}://{self.user}:{self.secret}@{place}"


class Logins(NamedTuple):
    """The two of `up`."""

    bridge: Login
    hub: Login

    @classmethod
    def kept(cls, credentials: Path, data_dir: Path, hub_id: str | None) -> Self:
        """Return those that the broker's credentials know; make what is missing.

        Args:
            credentials: the broker's file of them.
            data_dir: where everything of `up` is kept.
            hub_id: what the hub was told to be called; None: what it keeps.

        Raises:
            FaultError: `invalid_request`: a name is somebody else's, or a file cannot be used.
        """
        file = CredentialFile(credentials)
        bridge, hub = (_own(data_dir / each.section) for each in (BridgeSettings, HubSettings))
        return cls(
            _login(file, bridge, Role.BRIDGE, BRIDGE),
            _login(file, hub, Role.HUB, hub_id or kept_hub_id(hub)),
        )


def refuse_shared_login(settings: UpSettings) -> None:
    """Refuse one user for both: a broker lets in one client of an identity.

    Raises:
        FaultError: `invalid_request`.
    """
    if settings.broker is None:
        return
    user = Address.parse(settings.broker).user
    option = "--hub-broker" if settings.hub_broker else "--broker"
    hub = Address.parse(settings.hub_broker or settings.broker, option=option)
    if user is not None and user == hub.user:
        raise refuse(
            Code.INVALID_REQUEST,
            "`up` runs a bridge and a hub, and --broker has one user for both.",
            hint="Give --broker the bridge's user, and --hub-broker the same address with the "
            "hub's; or set FLASHYARD_UP_BROKER and FLASHYARD_UP_HUB_BROKER.",
        )


def refuse_foreign_hub_id(hub: HubSettings) -> None:
    """Refuse a hub id that is not the hub's user, as the hub itself would.

    Raises:
        FaultError: `invalid_request`.
    """
    if Address.parse(hub.broker).user is not None:
        hub_id_of(hub)


def _own(directory: Path) -> Path:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise refuse(
            Code.INVALID_REQUEST,
            f"The directory {directory} cannot be used: {error.strerror}.",
            hint="Give --data-dir a directory of yours.",
        ) from error
    return directory


def _login(file: CredentialFile, directory: Path, role: Role, name: str) -> Login:
    place = directory / _SECRET
    known = file.read_if_there().get(name)
    try:
        secret = place.read_text(encoding="utf-8").strip() if place.exists() else ""
        if known and known.role is role and is_secret_of(known.argon2, secret):
            return Login(name, secret)
        login = Login(name, file.add(role, name))
        draft = place.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(f"{login.secret}\n", encoding="utf-8")
        draft.replace(place)
    except OSError as error:
        raise refuse(
            Code.INVALID_REQUEST,
            f"The secret of {name} cannot be kept in {place}: {error.strerror}.",
            hint=f"`flashyard access revoke {name}`, and give --data-dir a directory of yours.",
        ) from error
    return login
