"""What a transaction may do. Each kind of database sees to it in its own way."""

from __future__ import annotations

from enum import Enum
from math import inf
from typing import Any

from sqlalchemy import Connection

_OPTION, _UNTIL = "flashyard_access", "flashyard_until"


class Access(Enum):
    """What a transaction is for; who writes or upgrades is the only one to do so meanwhile."""

    READS = "reads"
    WRITES = "writes"
    UPGRADES = "upgrades"

    def options(self, until: float) -> dict[str, Any]:
        """Make the execution options that say it to the engine, and how long somebody waits."""
        return {_OPTION: self, _UNTIL: until if self is Access.READS else inf}

    @classmethod
    def of(cls, connection: Connection) -> Access:
        """Look it up in a transaction's connection; nothing said: it reads."""
        found: Access = connection.get_execution_options().get(_OPTION, cls.READS)
        return found


def until_of(connection: Connection) -> float:
    """Until when anybody waits for what is read here, in monotonic seconds."""
    found: float = connection.get_execution_options().get(_UNTIL, inf)
    return found
