"""Where a bridge's database is, as people write it: a file, or a PostgreSQL server.

It opens none, and repeats no URL: there may be a password in it.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

from flashyard.contract.faults import Code, FaultError, refuse

_FILE = re.compile(r"sqlite:///.*[^/]")
_SERVER = ("postgresql", "postgres")


def _database(url: str) -> str:
    """Let those through that name a database.

    Raises:
        FaultError: `invalid_request`.
    """
    if _FILE.fullmatch(url):
        return url
    try:
        parts = urlsplit(url)
        if parts.scheme not in _SERVER:
            raise _refused("names neither a file nor a PostgreSQL server")
        if parts.fragment:
            raise _refused("has a '#' in it, which is written %23 in a password")
        is_port = all(0 < port < 65536 for port in _ports(parts))
    except ValueError as error:
        raise _refused("is no URL that can be read") from error
    if not is_port:
        raise _refused("has a port that is none")
    if len(parts.path) < 2 or "/" in parts.path[1:]:
        raise _refused("does not end with the name of one database")
    return url


def _ports(parts: SplitResult) -> list[int]:
    hosts = parts.netloc.rpartition("@")[2].split(",")
    found = [re.fullmatch(r"(?:\[[^\]]*\]|[^:]*)(?::(.*))?", host) for host in hosts]
    return [int(each[1]) if each else 0 for each in found if each is None or each[1]]


def _refused(why: str) -> FaultError:
    return refuse(
        Code.INVALID_REQUEST,
        f"--database {why}.",
        hint="Give sqlite:///FILE, or postgresql://USER:PASSWORD@HOST:PORT/NAME; the password can "
        "be left to PGPASSFILE. Leave it out for a file in the data directory.",
    )


DatabaseUrl = Annotated[str, AfterValidator(_database)]  # may hold a password: shown nowhere
