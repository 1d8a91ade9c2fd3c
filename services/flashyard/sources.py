"""Where settings come from: ``flashyard.toml``, then ``FLASHYARD_…``, then flags; the later wins.

The only place that reads the environment. It knows no setting's meaning.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_config_path
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.settings import (
    BridgeSettings,
    BrokerSettings,
    ClientSettings,
    EmulatorSettings,
    HubSettings,
    Settings,
    UpSettings,
)

FILE = "flashyard.toml"
PREFIX = "FLASHYARD_"
_ROLES: tuple[type[Settings], ...] = (
    BrokerSettings,
    BridgeSettings,
    HubSettings,
    EmulatorSettings,
    UpSettings,
    ClientSettings,
)
SECTIONS = {role.section: role for role in _ROLES}

S = TypeVar("S", bound=Settings)
Table = Mapping[str, Any]


def load(role: type[S], flags: Mapping[str, object], file: Path | None = None) -> S:
    """Decode one role's settings.

    Args:
        role: whose; its section names the table in the file and the variables' prefix.
        flags: what was given on the command line; a None or an empty list was not given.
        file: the TOML file; by default ``./flashyard.toml``, else the one in the user's
            configuration directory, else none.

    Raises:
        FaultError: `invalid_request` naming the setting and where it was set, or whatever a
            setting itself refuses with.
    """
    given = {name: value for name, value in flags.items() if value is not None and value != []}
    path = find_file() if file is None else file
    written = {} if path is None else _read(path)
    shared = {name: value for name, value in written.items() if name not in SECTIONS}
    layers: list[tuple[str, Table]] = [
        (f"in {path}", shared),
        (f"in {path}, [{role.section}]", written.get(role.section, {})),
        ("in the environment", _environment(Settings, PREFIX)),
        ("in the environment", _environment(role, prefix_of(role))),
        ("on the command line", given),
    ]
    merged: dict[str, Any] = {}
    for _, layer in layers:
        merged |= layer
    try:
        return role(**merged)
    except ValidationError as error:
        raise _explained(error, role, layers) from error


def prefix_of(role: type[Settings]) -> str:
    """Tell how a role's variables begin; a client is the person's own, and has no name in them."""
    return PREFIX if role is ClientSettings else f"{PREFIX}{role.section.upper()}_"


def find_file() -> Path | None:
    """Find the settings file that nobody named."""
    named = os.environ.get(f"{PREFIX}CONFIG")
    if named:
        return Path(named)
    for path in (Path(FILE), user_config_path("flashyard") / FILE):
        if path.is_file():
            return path
    return None


def _environment(role: type[Settings], prefix: str) -> Table:
    return EnvSettingsSource(role, env_prefix=prefix, env_ignore_empty=True)()


def _read(path: Path) -> Table:
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise refuse(
            Code.INVALID_REQUEST,
            f"The settings file {path} cannot be read: {reason}.",
            hint="Name another with --config, or leave it out.",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise refuse(
            Code.INVALID_REQUEST,
            f"The settings file {path} is not TOML: {error}.",
            hint="Mend that line; see https://toml.io.",
        ) from error
    shared = set(Settings.model_fields)
    for name, value in written.items():
        if name in SECTIONS and isinstance(value, dict):
            for key in value:
                _expect(key, SECTIONS[name].model_fields, f"{path}, [{name}]")
        else:
            _expect(name, shared if not isinstance(value, dict) else SECTIONS, str(path))
    return written


def _expect(key: str, known: Iterable[str], where: str) -> None:
    if key in known:
        return
    near = difflib.get_close_matches(key, list(known), n=1)
    raise refuse(
        Code.INVALID_REQUEST,
        f"There is no setting {key!r} (in {where}).",
        hint=f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(sorted(known))}.",
    )


def _explained(
    error: ValidationError, role: type[Settings], layers: list[tuple[str, Table]]
) -> FaultError:
    first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0])  # settings that do not fit each other refuse with faults
    reason = first["msg"].removeprefix("Value error, ").rstrip(".")
    if first["type"] == "missing":
        return refuse(
            Code.INVALID_REQUEST,
            f"{flag_of(name)} is required.",
            hint=f"Give {flag_of(name)}, or set {prefix_of(role)}{name.upper()}, "
            f"or {name!r} under [{role.section}] in {FILE}.",
        )
    where = next((place for place, layer in reversed(layers) if name in layer), "by default")
    return refuse(
        Code.INVALID_REQUEST,
        f"{flag_of(name)} ({where}): {reason}.",
        hint=f"It can be set by {flag_of(name)}, {prefix_of(role)}{name.upper()}, "
        f"or {name!r} under [{role.section}] in {FILE}; the first wins.",
    )


def flag_of(name: str) -> str:
    """Tell the flag of a setting."""
    return f"--{name.replace('_', '-')}"
