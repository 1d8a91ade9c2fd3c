"""The bridge that a command asks, and whom it is told that the command works for."""

from __future__ import annotations

import os
import pwd
import socket

from flashyard.client.bridge import Bridge
from flashyard.settings import ClientSettings
from flashyard.token_file import read_token


def bridge_of(settings: ClientSettings) -> Bridge:
    """Make the client of a command's bridge.

    Raises:
        FaultError: `invalid_request`: the token file is none.
    """
    user = whoever_is_here() if settings.tell_user else None
    return Bridge(settings.url, read_token(settings.token_file), user)


def whoever_is_here() -> str:
    """Tell who works at this terminal, ``user@host``: who logged in there, also under sudo."""
    try:
        user = os.getlogin()
    except OSError:  # no terminal, as in a service or a container
        user = _of_process()
    return f"{user}@{socket.gethostname()}"


def _of_process() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
