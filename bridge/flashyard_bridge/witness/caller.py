"""Who asks: what the doors and the connection prove, and beside it what is only said."""

from __future__ import annotations

import ipaddress
from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.types import Scope

from flashyard.contract.requester import USER_HEADER, Requester

_LONGEST = 200  # characters, as the contract has it


def caller_of(scope: Scope) -> Requester:
    """Tell who asks by an HTTP request, as far as the doors have seen to it."""
    headers = Headers(scope=scope)
    return Requester(
        identity=scope["state"].get("identity"),
        user=plain(unquote(headers.get(USER_HEADER, ""))),
        address=_address(scope),
        agent=plain(headers.get("user-agent", "")),
    )


def plain(said: str, longest: int = _LONGEST) -> str | None:
    """Make a bounded line of what somebody says: nothing that a terminal or a reader falls for."""
    return "".join(filter(str.isprintable, said[: 4 * longest])).strip()[:longest] or None


def _caller_of(request: Request) -> Requester:
    return caller_of(request.scope)


Caller = Annotated[Requester, Depends(_caller_of)]


def _address(scope: Scope) -> str | None:
    """Tell the peer's address; a trusted proxy's word on it may be anything."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
